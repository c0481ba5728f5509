package main

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is libchdb. One process has one engine, whose connections run queries at the
// same time.
type library struct {
	path string // of the data

	connect   func(argc int32, argv **byte) *uintptr
	closeConn func(conn *uintptr)
	query     func(conn uintptr, query *byte, queryLen uint64, format *byte, formatLen uint64) uintptr
	buffer    func(result uintptr) unsafe.Pointer
	length    func(result uintptr) uint64
	err       func(result uintptr) string
	destroy   func(result uintptr)
}

// openLibrary loads the library and opens the data at path. The engine runs until the
// process ends.
func openLibrary(file, path string) (*library, error) {
	handle, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	l := &library{path: path}
	var handleSignals func(enabled int32)
	for name, function := range map[string]any{
		"chdb_connect": &l.connect, "chdb_close_conn": &l.closeConn, "chdb_query_n": &l.query,
		"chdb_result_buffer": &l.buffer, "chdb_result_length": &l.length, "chdb_result_error": &l.err,
		"chdb_destroy_query_result": &l.destroy, "chdb_set_signal_handlers_enabled": &handleSignals,
	} {
		purego.RegisterLibFunc(function, handle, name)
	}
	handleSignals(0) // Go has its own
	_, err = l.open()
	return l, err // the first connection stays open, and the engine with it
}

// connection has its own database and settings. It runs one query at a time.
type connection struct {
	l    *library
	conn *uintptr
}

// open takes 0.1 ms, so each request has a connection of its own.
func (l *library) open() (connection, error) {
	var argv []*byte
	for _, arg := range []string{"clickhouse", "--path=" + l.path} {
		argv = append(argv, &append([]byte(arg), 0)[0])
	}
	conn := l.connect(int32(len(argv)), &argv[0])
	if conn == nil || *conn == 0 {
		return connection{}, fmt.Errorf("libchdb does not open %s", l.path)
	}
	return connection{l, conn}, nil
}

func (c connection) close() { c.l.closeConn(c.conn) }

// run executes a statement, and calls use with the answer, which is valid until use
// returns. An error of the engine begins with its code: "Code: 60. DB::Exception: …".
func (c connection) run(statement []byte, format string, use func([]byte) error) error {
	if len(statement) == 0 {
		return exception{62, "Syntax error: empty query", "SYNTAX_ERROR"}
	}
	f := []byte(format)
	result := c.l.query(*c.conn, &statement[0], uint64(len(statement)), &f[0], uint64(len(f)))
	if result == 0 {
		return errors.New("libchdb returned no result")
	}
	defer c.l.destroy(result)
	if text := c.l.err(result); text != "" {
		return errors.New(text)
	}
	return use(unsafe.Slice((*byte)(c.l.buffer(result)), c.l.length(result)))
}
