//go:build race

package main

// raceDetector slows everything tenfold: long tests take a sample then. make test-whole plays them whole.
const raceDetector = true
