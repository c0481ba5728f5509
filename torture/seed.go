package main

import "math/rand/v2"

// freshSeed draws a seed from 1 on. It is the one place of all tests that draws without a
// seed.
func freshSeed() uint64 { return 1 + rand.Uint64N(1<<63) }
