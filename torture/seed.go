package main

import "math/rand/v2"

// freshSeed draws a seed of at least 1. It is the only place in tests and tools that
// draws without a seed.
func freshSeed() uint64 { return 1 + rand.Uint64N(1<<63) }
