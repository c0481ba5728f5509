package geo

import "log/slog"

// Look is what Watch does at a tick.
func (l *Lookup) Look(log *slog.Logger) { l.file.Look(l.report(log)) }
