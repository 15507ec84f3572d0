package whip

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs gives pion's parts their logs. What they warn of is mostly what hostile or broken peers do, so it is all for debugging; what matters
// to an operator is logged where a session ends.
type logs struct{ log *slog.Logger }

// NewLogger is a log for one of pion's parts.
func (l logs) NewLogger(scope string) logging.LeveledLogger {
	return scopeLog{l.log.With("part", scope)}
}

type scopeLog struct{ log *slog.Logger }

func (l scopeLog) say(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l scopeLog) Trace(string)          {}
func (l scopeLog) Tracef(string, ...any) {}
func (l scopeLog) Debug(string)          {}
func (l scopeLog) Debugf(string, ...any) {}
func (l scopeLog) Info(string)           {}
func (l scopeLog) Infof(string, ...any)  {}

func (l scopeLog) Warn(msg string)                   { l.say("%s", msg) }
func (l scopeLog) Warnf(format string, args ...any)  { l.say(format, args...) }
func (l scopeLog) Error(msg string)                  { l.say("%s", msg) }
func (l scopeLog) Errorf(format string, args ...any) { l.say(format, args...) }
