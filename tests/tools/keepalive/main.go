// Command keepalive holds three connections to a gateway, each with a keepalive of
// ten seconds, and prints what their transports saw, as JSON: one idle, one that
// waits for an answer, one that is busy with streams. It reads the frames itself, so
// a GOAWAY cannot go unseen.
//
//	keepalive ADDRESS DURATION REQUEST
//
// REQUEST is a GenerateRequest in base64.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// interval is what people set; gRPC for Go allows no less.
const interval = 10 * time.Second

// seen is what happened on one channel.
type seen struct {
	mu          sync.Mutex
	Connections int      `json:"connections"`
	Pongs       int      `json:"pongs"`
	Goaways     []string `json:"goaways"`
	Calls       int      `json:"calls"`
	Errors      []string `json:"errors"`
}

func (s *seen) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Errors = append(s.Errors, err.Error())
}

// watched hands on what is read, and a copy of it to a reader of frames.
type watched struct {
	net.Conn
	tap *io.PipeWriter
}

func (w watched) Read(data []byte) (int, error) {
	count, err := w.Conn.Read(data)
	_, _ = w.tap.Write(data[:count])
	return count, err
}

func (w watched) Close() error {
	_ = w.tap.Close()
	return w.Conn.Close()
}

func (s *seen) dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.Connections++
	s.mu.Unlock()
	reader, writer := io.Pipe()
	go s.read(reader)
	return watched{conn, writer}, nil
}

func (s *seen) read(tap *io.PipeReader) {
	defer tap.Close()
	framer := http2.NewFramer(io.Discard, tap)
	framer.SetMaxReadFrameSize(1 << 24)
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		s.mu.Lock()
		switch frame := frame.(type) {
		case *http2.PingFrame:
			if frame.IsAck() {
				s.Pongs++
			}
		case *http2.GoAwayFrame:
			s.Goaways = append(s.Goaways, fmt.Sprintf("%s %s", frame.ErrCode, frame.DebugData()))
		}
		s.mu.Unlock()
	}
}

// raw is a message that is never read.
type raw struct{}

func (raw) Marshal(value any) ([]byte, error)      { return *value.(*[]byte), nil }
func (raw) Unmarshal(data []byte, value any) error { *value.(*[]byte) = data; return nil }
func (raw) Name() string                           { return "proto" }

// use is what a channel does until the time is over.
type use func(ctx context.Context, conn *grpc.ClientConn, s *seen) error

func idle(ctx context.Context, conn *grpc.ClientConn, s *seen) error {
	conn.Connect()
	<-ctx.Done()
	return nil
}

func waiting(ctx context.Context, conn *grpc.ClientConn, s *seen) error {
	watch, err := grpc_health_v1.NewHealthClient(conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	for err == nil {
		_, err = watch.Recv()
		s.Calls = 1
	}
	return err
}

func streams(request []byte) use {
	description := &grpc.StreamDesc{ServerStreams: true}
	return func(ctx context.Context, conn *grpc.ClientConn, s *seen) error {
		for ctx.Err() == nil {
			stream, err := conn.NewStream(
				ctx, description, "/llmrpc.v1.LLMService/StreamText", grpc.ForceCodec(raw{}))
			if err == nil {
				err = errors.Join(stream.SendMsg(&request), stream.CloseSend())
			}
			for err == nil {
				err = stream.RecvMsg(new([]byte))
			}
			if !errors.Is(err, io.EOF) {
				return err
			}
			s.Calls++
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		return nil
	}
}

func run(address string, duration time.Duration, request []byte) (map[string]*seen, error) {
	ctx, cancel := context.WithTimeout(context.Background(), duration)
	defer cancel()
	uses := map[string]use{"idle": idle, "waiting": waiting, "busy": streams(request)}
	all := map[string]*seen{}
	var group sync.WaitGroup
	for name, use := range uses {
		s := &seen{Goaways: []string{}, Errors: []string{}}
		all[name] = s
		conn, err := grpc.NewClient("passthrough:///"+address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(s.dial),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{
				Time: interval, Timeout: 20 * time.Second, PermitWithoutStream: true}))
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		group.Go(func() {
			err := use(ctx, conn, s)
			// The gateway may see the deadline pass a moment before this side does.
			over := ctx.Err() != nil || status.Code(err) == codes.DeadlineExceeded
			if err != nil && !over {
				s.failed(err)
			}
		})
	}
	group.Wait()
	for _, s := range all {
		s.mu.Lock() // what comes later is no longer part of it
	}
	return all, nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: keepalive ADDRESS DURATION REQUEST")
		os.Exit(2)
	}
	duration, err := time.ParseDuration(os.Args[2])
	request, bad := base64.StdEncoding.DecodeString(os.Args[3])
	if err = errors.Join(err, bad); err == nil {
		var all map[string]*seen
		if all, err = run(os.Args[1], duration, request); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(all)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
