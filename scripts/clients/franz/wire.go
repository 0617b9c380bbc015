package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const patience = 120 * time.Second

// wire is one connection that asks and is answered, in turn; the scale list opens thousands in one process.
type wire struct {
	conn        net.Conn
	input       *bufio.Reader
	formatter   *kmsg.RequestFormatter
	correlation int32
	output      []byte
	until       time.Time // the deadline that is set
}

func dial(address string) (*wire, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	formatter := kmsg.NewRequestFormatter(kmsg.FormatterClientID("scale"))
	return &wire{conn: conn, input: bufio.NewReaderSize(conn, 512), formatter: formatter}, nil
}

// ask sends a request in the version it was set to and reads the answer.
func (w *wire) ask(request kmsg.Request) (kmsg.Response, error) {
	w.correlation++
	w.output = w.formatter.AppendRequest(w.output[:0], request, w.correlation)
	if until := time.Now().Add(patience); until.Sub(w.until) > patience/4 {
		w.until = until // not every time: it costs more than many a request
		w.conn.SetDeadline(until)
	}
	if _, err := w.conn.Write(w.output); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(w.input, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:4])-4)
	if _, err := io.ReadFull(w.input, body); err != nil {
		return nil, err
	}
	if found := int32(binary.BigEndian.Uint32(head[4:])); found != w.correlation {
		return nil, fmt.Errorf("correlation id %d instead of %d", found, w.correlation)
	}
	response := request.ResponseKind()
	response.SetVersion(request.GetVersion())
	if response.IsFlexible() && response.Key() != int16(kmsg.ApiVersions) {
		body = body[1:] // no tagged fields in the header
	}
	return response, response.ReadFrom(body)
}

// refused is the error of a code, or nil.
func refused(code int16) error { return kerr.ErrorForCode(code) }

// tell prints the outcome of a part.
func tell(fields map[string]any) {
	text, _ := json.Marshal(fields)
	fmt.Println(string(text))
}

var console = bufio.NewReader(os.Stdin)

// wait returns when a line comes on standard input; it leaves when there is no more.
func wait() {
	if _, err := console.ReadString('\n'); err != nil {
		os.Exit(0)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
