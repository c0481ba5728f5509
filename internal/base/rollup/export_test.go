package rollup

// MostBits is the number of bits of the largest entries of a Fold: those of clicks that each have
// scopes, a period and values of their own.
func MostBits() int {
	most := 0
	for grain := range grains {
		most = max(most, layoutOfEntries(grain, 2*mostClicks, mostClicks, 2*mostClicks).bits)
	}
	return most
}
