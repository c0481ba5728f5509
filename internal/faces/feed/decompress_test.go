package feed_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/faces/feed"
)

// TestOtherwisePacked: files of other packers are refused by name. Their lines are not
// rejected one by one. The files have "x" and a newline; other inputs are read as they are.
func TestOtherwisePacked(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"bzip2":    {"QlpoOTFBWSZTWSs+z38AAADAgAAQAEAgACEAgrF3JFOFCQKz7Pfw", "it is a file of bzip2, and only plain and gzip files can be imported"},
		"xz":       {"/Td6WFoAAATm1rRGBMAGAiEBFgAAAAAA", "it is a file of xz"},
		"zstd":     {"KLUv/QRYEQAAeAqxVj4=", "it is a file of zstd"},
		"zip":      {"UEsDBAoAAAAAAA==", "it is a file of zip"},
		"lz4":      {"BCJNGGRApw==", "it is a file of lz4"},
		"UTF-16":   {"//54AAoA", "the file is UTF-16, and only UTF-8 can be imported"},
		"UTF-16BE": {"/v8AeAAK", "the file is UTF-16"},
		"a letter": {base64.StdEncoding.EncodeToString([]byte("B")), ""},
		"no bzip2": {base64.StdEncoding.EncodeToString([]byte("BZh9 is a name\n")), ""},
		"nothing":  {"", ""},
	} {
		b, err := base64.StdEncoding.DecodeString(c.file)
		if err != nil {
			t.Fatal(name, err)
		}
		r, err := feed.Decompress(bytes.NewReader(b))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s is read as %q, %v", name, got, err)
		}
	}
}
