package recorder_test

import (
	"encoding/hex"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func drawClick(t *rapid.T) click.Click {
	return click.Click{
		Region:    rapid.SampledFrom([]click.Region{"", "TX", "9"}).Draw(t, "region"),
		City:      rapid.SampledFrom([]click.City{"", "Austin", "São Paulo"}).Draw(t, "city"),
		Agent:     click.UnpackAgent(rapid.SampledFrom([]string{"", "\x02\x02\x02\x01", "\x00\x00\x00\x02"}).Draw(t, "agent")),
		BotFamily: rapid.SampledFrom([]click.BotFamily{"", "Googlebot", "other"}).Draw(t, "family"),
		Time:      rapid.Int64().Draw(t, "time"),
		User:      click.UserID(rapid.Uint64().Draw(t, "user")),
		Link:      click.LinkID(rapid.Uint64().Draw(t, "link")),
		Country:   rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(t, "country"),
		Referrer:  click.Referrer(rapid.SampledFrom([]string{"", "http://t.co/", "other"}).Draw(t, "referrer")),
		Bot:       rapid.Bool().Draw(t, "bot"),
		Imported:  rapid.Bool().Draw(t, "imported"),
	}
}

func TestEncodeDecode(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(t *rapid.T) {
		clicks := rapid.SliceOfN(rapid.Custom(drawClick), 0, 50).Draw(t, "clicks")
		var mark *store.Mark
		if rapid.Bool().Draw(t, "marked") {
			mark = &store.Mark{
				Input: [32]byte{1, 2}, Digest: [32]byte{31: 9}, Offset: rapid.Uint64().Draw(t, "offset"),
				Prev: 7, Lines: 10, Clicks: 5, Skipped: 3, Rejected: 2, Inside: rapid.Bool().Draw(t, "inside"),
				Notes: rapid.SampledFrom([]string{"", "\x00", "notes"}).Draw(t, "notes"),
			}
		}
		gotClicks, gotMarks, err := recorder.Decode(recorder.Encode(clicks, mark))
		if err != nil {
			t.Fatal(err)
		}
		if len(clicks)+len(gotClicks) > 0 && !reflect.DeepEqual(gotClicks, clicks) {
			t.Fatalf("got %+v, want %+v", gotClicks, clicks)
		}
		if mark == nil && len(gotMarks) != 0 || mark != nil && (len(gotMarks) != 1 || gotMarks[0] != *mark) {
			t.Fatalf("got %+v, want %+v", gotMarks, mark)
		}
	})
}

// TestRecordFormat pins the bytes: journals of this version must stay readable.
func TestRecordFormat(t *testing.T) {
	t.Parallel()
	got := recorder.Encode([]click.Click{
		{Time: 1360000000000, User: 1, Link: 300, Country: click.Country{'U', 'S'}, Referrer: "http://t.co/"},
		{Time: 1360000000500, User: 0, Link: 2, Bot: true},
		{Time: 1360000000501, User: 1, Link: 2, Country: click.Country{'U', 'S'}, Region: "TX", City: "Austin",
			Agent: click.Agent{Device: click.Tablet, Browser: click.Safari, System: click.IOS, Source: click.FromQR}},
		{Time: 1360000000502, User: 1, Link: 2, Bot: true, BotFamily: "Googlebot"},
	}, &store.Mark{Input: [32]byte{0xaa}, Digest: [32]byte{0xbb}, Offset: 300, Lines: 2, Clicks: 2})
	want := "01" + // version
		"01" + "04" + // clicks: 4
		"0c" + "808089e5944f" + "01" + "ac02" + "5553" + "0c" + hex.EncodeToString([]byte("http://t.co/")) +
		"01" + "e807" + "00" + "02" +
		"14" + "02" + "01" + "02" + "5553" + "12" + "0104" + "04030802" + "0202" + hex.EncodeToString([]byte("TX")) + "0306" + hex.EncodeToString([]byte("Austin")) +
		"11" + "02" + "01" + "02" + "0b" + "0409" + hex.EncodeToString([]byte("Googlebot")) +
		"02" + "aa" + zeros(31) + "bb" + zeros(31) + "ac02" + "00" + "02" + "02" + "00" + "00" + "00"
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

// TestUnknownTags: fields that another version wrote are skipped, and broken ones are
// an error.
func TestUnknownTags(t *testing.T) {
	t.Parallel()
	record := func(tags string) []byte {
		b := []byte{1, 1, 1, 16, 0, 1, 2, byte(len(tags))}
		return append(b, tags...)
	}
	clicks, _, err := recorder.Decode(record("\x7f\x02ab\x02\x02TX\x80\x00"))
	if err != nil || len(clicks) != 1 || clicks[0].Region != "TX" {
		t.Errorf("%+v, %v", clicks, err)
	}
	for _, tags := range []string{"\x02", "\x02\x03TX"} {
		if _, _, err := recorder.Decode(record(tags)); err == nil {
			t.Errorf("tags %x were read", tags)
		}
	}
}

func TestNotedMarkFormat(t *testing.T) {
	t.Parallel()
	got := recorder.Encode(nil, &store.Mark{Input: [32]byte{0xaa}, Digest: [32]byte{0xbb}, Offset: 300, Lines: 2, Rejected: 2, Notes: "\x01\x02"})
	want := "01" + "04" + "aa" + zeros(31) + "bb" + zeros(31) + "ac02" + "00" + "02" + "00" + "00" + "02" + "00" + "02" + "0102"
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

func TestDeletedFormat(t *testing.T) {
	t.Parallel()
	got := recorder.EncodeDeleted([]rollup.Scope{{User: 1}, {User: 0, Link: 300}})
	if want := "01" + "03" + "02" + "0100" + "00ac02"; hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

func zeros(n int) string { return hex.EncodeToString(make([]byte, n)) }

func FuzzDecode(f *testing.F) {
	f.Add(recorder.Encode([]click.Click{{Time: 1, User: 2, Link: 3, Referrer: "r"}}, nil))
	f.Add(recorder.Encode([]click.Click{{Time: 1, City: "Austin", Region: "TX", BotFamily: "other", Agent: click.Agent{Device: 2}}}, nil))
	f.Add(recorder.Encode(nil, &store.Mark{Offset: 5}))
	f.Add(recorder.Encode(nil, &store.Mark{Offset: 5, Notes: "notes"}))
	f.Add(recorder.EncodeDeleted([]rollup.Scope{{User: 1}, {User: 2, Link: 300}}))
	f.Add([]byte{1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		clicks, marks, err := recorder.Decode(b)
		if err != nil || len(marks) > 1 {
			return
		}
		var mark *store.Mark
		if len(marks) == 1 {
			mark = &marks[0]
		}
		again, _, err := recorder.Decode(recorder.Encode(clicks, mark))
		if err != nil || len(clicks) > 0 && !reflect.DeepEqual(again, clicks) {
			t.Fatalf("%+v became %+v (%v)", clicks, again, err)
		}
	})
}
