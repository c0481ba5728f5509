package calendar

// NewZone lets tests make zones that no database has.
var NewZone = newZone
