package geo

import "log/slog"

// Look looks at the file once, as Watch does at a tick.
func (l *Lookup) Look(log *slog.Logger) { l.file.Look(l.report(log)) }
