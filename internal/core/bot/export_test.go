package bot

// Needs tells whether lower, in lower case, fulfils the condition of expr.
func Needs(expr, lower string) (bool, error) {
	n, err := needOf(expr)
	if err != nil {
		return false, err
	}
	return n(lower), nil
}
