package cli

import (
	"encoding/json"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/storage/backup"
)

type backupCmd struct {
	dataDir
	To   string `help:"The directory of backups. footfall makes it if it is missing. Choose another disk if you can." required:"" type:"path" placeholder:"DIR"`
	Keep number `help:"How many backups to keep there." least:"1" most:"1000000" default:"3" placeholder:"N"`
	JSON bool   `help:"Print the contents of the backup as one JSON object." name:"json"`
}

func (c *backupCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		var m backup.Manifest
		err := e.withProgress(func(e *env) (err error) {
			m, err = ask(e, o, control.Backup, control.BackupTo{Dir: c.To, Keep: int(c.Keep)})
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(m)
		}
		return e.print(fmt.Sprintf("backup of %s in %s: %d files, %s, of which %s are new",
			m.Made.Format("2006-01-02 15:04:05 UTC"), plain.Text(c.To), m.Files, humanize.IBytes(uint64(m.Bytes)), humanize.IBytes(uint64(m.Copied))), nil)
	})
}

type restoreCmd struct {
	dataDir
	From string `help:"A directory of backups, of which the newest is restored, or one backup in it." required:"" type:"path" placeholder:"DIR"`
}

func (c *restoreCmd) Run(e *env) error {
	path, m, err := backup.Newest(c.From)
	if err != nil {
		return err
	}
	dir := c.options(e).Path
	if err := datadir.CheckDir(dir); err != nil {
		return err
	}
	if err := e.withProgress(func(e *env) error { return backup.Restore(e.ctx, path, dir) }); err != nil {
		return err
	}
	if err := e.print(fmt.Sprintf("restored the backup of %s to %s", m.Made.Format("2006-01-02 15:04:05 UTC"), plain.Text(dir)), nil); err != nil {
		return err
	}
	var check checkCmd
	return c.making(e, func(o *server.Owner) error {
		r, err := check.checkOpen(e, o)
		if err != nil {
			return err
		}
		return check.report(e, r)
	})
}

type rebuildCmd struct {
	dataDir
	From  string `help:"A directory of backups, or one backup, to start from." type:"path" placeholder:"DIR"`
	Lossy bool   `help:"Accept that the new counts may lack clicks that are counted now." env:"-"`
}

func (c *rebuildCmd) Run(e *env) error {
	return e.withProgress(func(e *env) error {
		return datadir.Rebuild(e.ctx, c.options(e), c.From, c.Lossy, func(done string) { fmt.Fprintln(e.stdout, done) })
	})
}
