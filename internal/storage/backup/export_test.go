package backup

// Unwritable and SafePlace are for tests: root may write everywhere, and a
// test is one user.
var (
	Unwritable = unwritable
	SafePlace  = safePlace
)
