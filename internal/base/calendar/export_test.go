package calendar

// NewZone makes zones that are not in the database.
var NewZone = newZone
