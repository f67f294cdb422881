//go:build !race

package egress_test

// raceDetector: the detector takes memory of its own.
const raceDetector = false
