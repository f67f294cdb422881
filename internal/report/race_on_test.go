//go:build race

package report

// raceDetector slows everything tenfold: long tests take a sample then. make test-whole plays them whole.
const raceDetector = true
