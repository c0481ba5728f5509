package recorder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// A journal record is a version byte and entries; each entry begins with its kind
// (docs/format/record.md).
const (
	recordVersion = 1

	kindClicks = 1 // uvarint number, then that many clicks
	kindMark   = 2 // one import mark without notes
	kindDelete = 3 // uvarint number, then that many scopes: user uvarint, link uvarint
	kindNoted  = 4 // one import mark, then its notes: uvarint length, bytes
)

// The flags of a click say which of its fields follow.
const (
	flagBot      = 1 << 0
	flagImported = 1 << 1
	flagCountry  = 1 << 2
	flagReferrer = 1 << 3
	flagTags     = 1 << 4 // uvarint length, then tagged fields
	flagsKnown   = flagBot | flagImported | flagCountry | flagReferrer | flagTags
)

// The tags of fields. A field is its tag, its length in one byte, and its bytes; unknown tags
// are skipped.
const (
	tagAgent  = 1 // 4 bytes, see click.Agent.Pack
	tagRegion = 2
	tagCity   = 3
	tagFamily = 4 // of a bot
)

// errRecord: the bytes agree with their checksum but are not a valid record. They
// were written by another version, or by a bug.
var errRecord = errors.New("recorder: not a journal record of this version")

// encode appends one record with the clicks and, unless nil, the mark.
func encode(b []byte, clicks []click.Click, mark *store.Mark) []byte {
	b = append(b, recordVersion)
	if len(clicks) > 0 {
		b = append(b, kindClicks)
		b = binary.AppendUvarint(b, uint64(len(clicks)))
		var last int64
		for i := range clicks {
			b = appendClick(b, &clicks[i], last)
			last = clicks[i].Time
		}
	}
	if mark != nil {
		kind := byte(kindMark)
		if mark.Notes != "" {
			kind = kindNoted
		}
		b = append(b, kind)
		b = append(b, mark.Input[:]...)
		b = append(b, mark.Digest[:]...)
		for _, n := range [...]uint64{mark.Offset, mark.Prev, mark.Lines, mark.Clicks, mark.Skipped, mark.Rejected, b2u(mark.Inside)} {
			b = binary.AppendUvarint(b, n)
		}
		if mark.Notes != "" {
			b = binary.AppendUvarint(b, uint64(len(mark.Notes)))
			b = append(b, mark.Notes...)
		}
	}
	return b
}

// encodeDeleted returns a record of the deletion of scopes.
func encodeDeleted(scopes []rollup.Scope) []byte {
	b := binary.AppendUvarint([]byte{recordVersion, kindDelete}, uint64(len(scopes)))
	for _, s := range scopes {
		b = binary.AppendUvarint(b, uint64(s.User))
		b = binary.AppendUvarint(b, uint64(s.Link))
	}
	return b
}

func appendClick(b []byte, c *click.Click, last int64) []byte {
	var flags byte
	if c.Bot {
		flags |= flagBot
	}
	if c.Imported {
		flags |= flagImported
	}
	if c.Country.Known() {
		flags |= flagCountry
	}
	if c.Referrer != "" {
		flags |= flagReferrer
	}
	tagged := c.Agent.Known() || c.Region != "" || c.City != "" || c.BotFamily != ""
	if tagged {
		flags |= flagTags
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, c.Time-last)
	b = binary.AppendUvarint(b, uint64(c.User))
	b = binary.AppendUvarint(b, uint64(c.Link))
	if c.Country.Known() {
		b = append(b, c.Country[:]...)
	}
	if c.Referrer != "" {
		b = binary.AppendUvarint(b, uint64(len(c.Referrer)))
		b = append(b, c.Referrer...)
	}
	if tagged {
		b = appendTags(b, c)
	}
	return b
}

// appendTags appends the tagged fields of a click, after their length.
func appendTags(b []byte, c *click.Click) []byte {
	var buf [256]byte
	tags := buf[:0]
	if c.Agent.Known() {
		packed := c.Agent.Pack()
		tags = appendTag(tags, tagAgent, string(packed[:]))
	}
	tags = appendTag(tags, tagRegion, string(c.Region))
	tags = appendTag(tags, tagCity, string(c.City))
	tags = appendTag(tags, tagFamily, string(c.BotFamily))
	return append(binary.AppendUvarint(b, uint64(len(tags))), tags...)
}

// appendTag appends a field unless it is empty. A longer one than its length has room for is
// cut, which no value of package click is.
func appendTag(b []byte, tag byte, value string) []byte {
	if value == "" {
		return b
	}
	value = value[:min(len(value), math.MaxUint8)]
	return append(append(b, tag, byte(len(value))), value...)
}

// record is a decoded journal record.
type record struct {
	clicks  []click.Click
	marks   []store.Mark
	deleted []rollup.Scope
}

// decode reads a record into r, which it empties first. It takes texts from intern, so
// that a repeated text takes no memory.
func (r *record) decode(b []byte, intern func([]byte) string) error {
	r.clicks, r.marks, r.deleted = r.clicks[:0], r.marks[:0], r.deleted[:0]
	d := decoder{b: b}
	if v := d.byte(); v != recordVersion {
		return fmt.Errorf("%w: version %d", errRecord, v)
	}
	for len(d.b) > 0 && !d.bad {
		switch kind := d.byte(); kind {
		case kindClicks:
			n := d.uvarint()
			if n > uint64(len(d.b))/4 { // a click takes four bytes at least
				return fmt.Errorf("%w: %d clicks in %d bytes", errRecord, n, len(d.b))
			}
			var last int64
			for range n {
				c := d.click(last, intern)
				last = c.Time
				r.clicks = append(r.clicks, c)
			}
		case kindMark:
			r.marks = append(r.marks, d.mark())
		case kindNoted:
			m := d.mark()
			m.Notes = string(d.bytes(d.uvarint()))
			r.marks = append(r.marks, m)
		case kindDelete:
			n := d.uvarint()
			if n > uint64(len(d.b))/2 { // a scope takes two bytes at least
				return fmt.Errorf("%w: %d scopes in %d bytes", errRecord, n, len(d.b))
			}
			for range n {
				r.deleted = append(r.deleted, rollup.Scope{User: click.UserID(d.uvarint()), Link: click.LinkID(d.uvarint())})
			}
		default:
			return fmt.Errorf("%w: kind %d", errRecord, kind)
		}
	}
	if d.bad {
		return fmt.Errorf("%w: it is cut short", errRecord)
	}
	return nil
}

// decoder reads fields from b. It sets bad if a field is cut short.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.bad = nil, true
		return nil
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.bytes(step(n))
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.bytes(step(n))
	return v
}

// step is the length of a varint as binary.Uvarint returned it; too long for any
// buffer if that was an error.
func step(n int) uint64 {
	if n <= 0 {
		return math.MaxUint64
	}
	return uint64(n)
}

func (d *decoder) click(last int64, intern func([]byte) string) click.Click {
	flags := d.byte()
	if flags&^flagsKnown != 0 {
		d.bad = true
	}
	c := click.Click{
		Time:     last + d.varint(),
		User:     click.UserID(d.uvarint()),
		Link:     click.LinkID(d.uvarint()),
		Bot:      flags&flagBot != 0,
		Imported: flags&flagImported != 0,
	}
	if flags&flagCountry != 0 {
		copy(c.Country[:], d.bytes(2))
	}
	if flags&flagReferrer != 0 {
		c.Referrer = click.Referrer(intern(d.bytes(d.uvarint())))
	}
	if flags&flagTags != 0 {
		tags := decoder{b: d.bytes(d.uvarint())}
		for len(tags.b) > 0 {
			switch tag, value := tags.byte(), tags.bytes(uint64(tags.byte())); tag {
			case tagAgent:
				c.Agent = click.UnpackAgent(value)
			case tagRegion:
				c.Region = click.Region(intern(value))
			case tagCity:
				c.City = click.City(intern(value))
			case tagFamily:
				c.BotFamily = click.BotFamily(intern(value))
			}
		}
		d.bad = d.bad || tags.bad
	}
	return c
}

func (d *decoder) mark() (m store.Mark) {
	copy(m.Input[:], d.bytes(32))
	copy(m.Digest[:], d.bytes(32))
	for _, p := range [...]*uint64{&m.Offset, &m.Prev, &m.Lines, &m.Clicks, &m.Skipped, &m.Rejected} {
		*p = d.uvarint()
	}
	m.Inside = d.uvarint() != 0
	return m
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
