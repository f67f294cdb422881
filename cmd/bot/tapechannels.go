package main

import (
	"context"
	"errors"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/recording"
)

// taped is a channel whose address is a secret, as a tape has it.
func (t *recordTape) channel(key string, build func() (publish.Channel, error)) (publish.Channel, error) {
	inner, err := build()
	if err != nil {
		return nil, err
	}
	return tapedChannel{key, inner, t.rec}, nil
}

// tapedChannel keeps what a channel did.
type tapedChannel struct {
	key   string
	inner publish.Channel
	rec   *recording.Recorder
}

func (c tapedChannel) Deliver(ctx context.Context, parts []publish.Delivery, record publish.Record) error {
	sent := recording.Sent{Channel: c.key}
	err := c.inner.Deliver(ctx, parts, func(d publish.Delivery) error {
		sent.Parts = append(sent.Parts, recording.SentPart{Part: d.Number, Status: int(d.Status), ResultID: d.ResultID, ResultURL: d.ResultURL, Problem: d.Problem})
		return record(d)
	})
	if err != nil {
		var partial *publish.PartialError
		sent.Error, sent.Partial = err.Error(), errors.As(err, &partial)
	}
	c.rec.Sent(sent)
	return err
}

// channel plays what the recorded one did: nothing is sent.
func (t *replayTape) channel(key string, _ func() (publish.Channel, error)) (publish.Channel, error) {
	return playedChannel{key, t.p}, nil
}

type playedChannel struct {
	key string
	p   *recording.Replay
}

func (c playedChannel) Deliver(_ context.Context, parts []publish.Delivery, record publish.Record) error {
	sent, err := c.p.Sent(c.key)
	if err != nil {
		return err
	}
	for _, s := range sent.Parts {
		for _, d := range parts {
			if d.Number != s.Part {
				continue
			}
			d.Status, d.ResultID, d.ResultURL, d.Problem = publish.Status(s.Status), s.ResultID, s.ResultURL, s.Problem
			if err := record(d); err != nil {
				return err
			}
		}
	}
	switch {
	case sent.Error == "":
		return nil
	case sent.Partial:
		return playedPartial{&publish.PartialError{}, sent.Error}
	}
	return errors.New(sent.Error)
}

// playedPartial is a recorded error that says that all arrived, but not as asked.
type playedPartial struct {
	*publish.PartialError
	text string
}

func (e playedPartial) Error() string { return e.text }
func (e playedPartial) Unwrap() error { return e.PartialError }

// channelSecrets are what the variables of channels hold, and their names.
func channelSecrets(cfg config.Config) (names, values []string) {
	for _, d := range cfg.Digests {
		for _, c := range d.Channels {
			for _, name := range c.Variables() {
				if s := c.Secret(name); !s.IsZero() {
					names, values = append(names, name), append(values, s.Reveal())
				}
			}
		}
	}
	return names, values
}
