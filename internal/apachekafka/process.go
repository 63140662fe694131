package apachekafka

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a program that does not outlive this one.
type process struct {
	cmd   *exec.Cmd
	leash io.WriteCloser // standard input of the watcher
	ended chan struct{}
	err   error // how it ended, once ended is closed
}

// watched becomes the program that its arguments name, and leaves a watcher
// behind that kills it when standard input ends before a line: as it does when
// whoever holds the other end was killed.
const watched = `exec 3<&0
{ read -r _ <&3 || kill -9 $$; } &
exec "$@" 3<&- </dev/null`

// run starts Java, which appends what it says to a file, and is killed when ctx
// ends.
func run(ctx context.Context, log string, arguments []string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	stdin, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = stdin.Close() }()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", watched, "sh", "java"}, arguments...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, output, output
	p := &process{cmd: cmd, leash: leash, ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		_ = leash.Close()
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// javaArguments start one of Kafka's programs with little memory.
func javaArguments(class string, arguments ...string) []string {
	return append([]string{
		"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN",
		"-cp", filepath.Join(os.Getenv(jarsVariable), "*"), class,
	}, arguments...)
}

// stop asks the program to end, and kills it if it does not in time.
func (p *process) stop(timeout time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(timeout):
		p.kill()
		return errors.New("it did not end when it was asked to")
	}
	p.dismiss()
	if p.cmd.ProcessState.ExitCode() == 128+int(syscall.SIGTERM) {
		return nil // Java's way to say so
	}
	return p.err
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.dismiss()
}

// dismiss ends the watcher, which has nothing to watch any more.
func (p *process) dismiss() {
	_, _ = io.WriteString(p.leash, "\n")
	_ = p.leash.Close()
}
