//go:build race

package main

// raceDetector slows everything tenfold: long tests take a sample then.
const raceDetector = true
