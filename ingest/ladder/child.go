package ladder

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"weir/internal/catalog"
	"weir/internal/process"
)

// child is one ffmpeg process with what goes in and out of it. It ends by itself, by finish or by kill, and closes the feeds of its rungs then.
type child struct {
	rungs []*rung
	queue *queue
	words words
	since time.Time
	ended chan struct{} // closed when the process is gone and the feeds of its rungs are closed

	cmd  *exec.Cmd
	gone chan struct{} // closed when the process is gone

	mu     sync.Mutex
	reason error // why it ended, or was told to; nil: as it should
	told   bool  // to end
}

// plan is what a child is made of.
type plan struct {
	program  string
	speed    string
	nice     int
	rotation int           // see arguments
	segment  time.Duration // see arguments
	header   []byte
	clock    clock
	language string
	rungs    []*rung
	now      time.Time
}

// pipes are the ends of pipes on this side, and those that the child gets.
type pipes struct {
	in, words *os.File
	outs      []*os.File
	theirs    []*os.File // standard input, standard error, outputs
}

func makePipes(outputs int) (p pipes, err error) {
	defer func() {
		if err != nil {
			p.close()
			closeFiles(p.theirs)
		}
	}()
	r, w, err := os.Pipe()
	if err != nil {
		return p, err
	}
	p.in, p.theirs = w, append(p.theirs, r)
	for i := range outputs + 1 {
		r, w, err := os.Pipe()
		if err != nil {
			return p, err
		}
		if p.theirs = append(p.theirs, w); i == 0 {
			p.words = r
		} else {
			p.outs = append(p.outs, r)
		}
	}
	return p, nil
}

func (p *pipes) close() {
	closeFiles([]*os.File{p.in, p.words})
	closeFiles(p.outs)
}

func closeFiles(all []*os.File) {
	for _, f := range all {
		if f != nil {
			_ = f.Close()
		}
	}
}

// startChild starts a process for the rungs, which are its own from then on, but not where it fails.
func startChild(p plan) (*child, error) {
	c := &child{
		rungs: p.rungs, queue: newQueue(), since: p.now, ended: make(chan struct{}), gone: make(chan struct{}),
	}
	ends, err := makePipes(len(p.rungs))
	if err != nil {
		return nil, fmt.Errorf("pipes to ffmpeg: %w", err)
	}
	rungs := make([]catalog.Rung, len(p.rungs))
	for i, r := range p.rungs {
		rungs[i] = r.Rung
	}
	c.cmd = exec.Command(p.program, arguments(rungs, p.speed, p.rotation, p.segment)...)
	c.cmd.Stdin, c.cmd.Stderr, c.cmd.ExtraFiles = ends.theirs[0], ends.theirs[1], ends.theirs[2:]
	process.Confine(c.cmd)
	started := make(chan error)
	go c.run(p, ends, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	return c, nil
}

// run starts the process and sees to it until it is gone.
func (c *child) run(p plan, ends pipes, started chan<- error) {
	// The child gets its priority from the thread that starts it, and ends with that. The thread is nobody else's, and ends with this goroutine.
	runtime.LockOSThread()
	err := process.Lower(p.nice)
	if err != nil {
		c.words.add(fmt.Sprintf("weir: its priority is not lowered: %v", err))
	}
	err = c.cmd.Start()
	closeFiles(ends.theirs)
	if err != nil {
		ends.close()
		started <- err
		return
	}
	started <- nil
	var wg sync.WaitGroup
	wg.Go(func() { c.write(ends.in, p.header) })
	wg.Go(func() { c.words.listen(ends.words) })
	for i, r := range c.rungs {
		wg.Go(func() { r.read(ends.outs[i], p.clock, p.language) })
	}
	err = c.cmd.Wait()
	process.EndGroup(c.cmd.Process.Pid) // who else has the pipes
	c.queue.close()
	close(c.gone)
	wg.Wait()
	ends.close()
	c.leave(err)
	closeRungs(c.rungs, c.why())
	close(c.ended)
}

// write gives the child its pictures, and the end of them.
func (c *child) write(in *os.File, header []byte) {
	defer in.Close()
	out := bufio.NewWriterSize(in, 64<<10)
	_, err := out.Write(header)
	for err == nil {
		p, ok := c.queue.next(c.gone)
		if !ok {
			_ = out.Flush()
			return
		}
		err = c.writePicture(out, p)
	}
}

func (c *child) writePicture(out *bufio.Writer, p picture) error {
	if _, err := out.Write(matroskaPicture(p)); err != nil {
		return err
	}
	if _, err := out.Write(p.data); err != nil {
		return err
	}
	return out.Flush()
}

// tooSlow is why pictures are dropped.
const tooSlow = "ffmpeg is too slow for the ladder: whole GOPs are dropped for it"

// give hands over a picture. It tells whether any had to be dropped.
func (c *child) give(p picture, now time.Time) bool {
	dropped := c.queue.put(p)
	for _, r := range c.rungs {
		for range dropped {
			r.feed.Dropped(tooSlow)
		}
		r.expect(now)
	}
	return dropped > 0
}

// stalled tells whether one of the rungs has given nothing for too long.
func (c *child) stalled(now time.Time, after time.Duration) bool {
	for _, r := range c.rungs {
		if r.stalled(now, after) {
			return true
		}
	}
	return false
}

// kill ends the process at once, and does not wait for that.
func (c *child) kill(reason error) {
	c.mu.Lock()
	if !c.told {
		c.told, c.reason = true, reason
	}
	c.mu.Unlock()
	_ = c.cmd.Process.Kill()
}

// finish lets the process give what is left in it, as long as that takes no longer than within, and waits for its end.
func (c *child) finish(within time.Duration) {
	c.mu.Lock()
	c.told = true
	c.mu.Unlock()
	c.queue.close()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-c.ended:
	case <-late.C:
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// leave notes how the process has ended.
func (c *child) leave(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.told:
	case err == nil:
		c.reason = errors.New("ffmpeg ended of its own accord")
	default:
		c.reason = fmt.Errorf("ffmpeg ended: %w", err)
	}
	c.told = true
}

func (c *child) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

func (c *child) isTold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

func (c *child) pid() int { return c.cmd.Process.Pid }
