package backup

// Unwritable is for tests: root may write everywhere.
var Unwritable = unwritable
