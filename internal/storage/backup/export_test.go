package backup

// Unwritable and SafePlace are tested directly, because root may write everywhere and
// a test has one user.
var (
	Unwritable = unwritable
	SafePlace  = safePlace
)
