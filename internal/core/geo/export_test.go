package geo

import "log/slog"

// Look looks at the files once, as Watch does at a tick.
func (l *Lookup) Look(log *slog.Logger) { l.files.Look(l.report(log)) }
