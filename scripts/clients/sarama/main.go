// sarama as a member of a group: `sarama BOOTSTRAP SETTINGS` (clients/python/events.py says what it reads and
// prints). Its commits have no answer that a program can see, so it prints none.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

const commitEvery = 200 * time.Millisecond

type settings struct {
	Topic, Group, Instance string
	SessionMs              int `json:"session_ms"`
	HeartbeatMs            int `json:"heartbeat_ms"`
	RebalanceMs            int `json:"rebalance_ms"`
}

var speech sync.Mutex

func say(event string, fields map[string]any) {
	speech.Lock()
	defer speech.Unlock()
	line := map[string]any{"at": time.Now().UnixMilli(), "event": event}
	for key, value := range fields {
		line[key] = value
	}
	text, _ := json.Marshal(line)
	os.Stdout.Write(append(text, '\n'))
}

type member struct {
	topic string
}

func (m member) Setup(session sarama.ConsumerGroupSession) error {
	owned := session.Claims()[m.topic]
	if owned == nil {
		owned = []int32{}
	}
	m.tell("assigned", session, owned)
	return nil
}

func (m member) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	m.tell("revoked", session, []int32{})
	return nil
}

func (m member) tell(event string, session sarama.ConsumerGroupSession, owned []int32) {
	say(event, map[string]any{"generation": session.GenerationID(), "member": session.MemberID(), "owned": owned})
}

// ConsumeClaim reads one partition; a record is printed before it is marked, and marked before it is committed.
func (m member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	ticker := time.NewTicker(commitEvery)
	defer ticker.Stop()
	for {
		select {
		case <-session.Context().Done():
			return nil
		case <-ticker.C:
			session.Commit()
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			span := [2]int64{message.Offset, message.Offset + 1}
			spans := map[int32][2]int64{message.Partition: span}
			say("records", map[string]any{"generation": session.GenerationID(), "spans": spans})
			session.MarkMessage(message, "")
		}
	}
}

func configuration(s settings) *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Return.Errors = true
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	c.Consumer.Group.Session.Timeout = time.Duration(s.SessionMs) * time.Millisecond
	c.Consumer.Group.Heartbeat.Interval = time.Duration(s.HeartbeatMs) * time.Millisecond
	c.Consumer.Group.Rebalance.Timeout = time.Duration(s.RebalanceMs) * time.Millisecond
	c.Consumer.Group.InstanceId = s.Instance
	c.Metadata.Retry.Backoff = 100 * time.Millisecond
	c.Net.DialTimeout = time.Second
	return c
}

func main() {
	var s settings
	if err := json.Unmarshal([]byte(os.Args[2]), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	say("ready", nil)
	input := bufio.NewReader(os.Stdin)
	input.ReadString('\n')
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, input)
		stop()
	}()
	for ctx.Err() == nil {
		if err := run(ctx, s); err != nil && ctx.Err() == nil {
			say("refused", map[string]any{"error": err.Error()})
			time.Sleep(100 * time.Millisecond)
		}
	}
	say("left", nil)
}

// run is one life of the library's consumer; it gives up when the broker is away for long.
func run(ctx context.Context, s settings) error {
	group, err := sarama.NewConsumerGroup([]string{os.Args[1]}, s.Group, configuration(s))
	if err != nil {
		return err
	}
	defer group.Close()
	go func() {
		for err := range group.Errors() {
			say("refused", map[string]any{"error": err.Error()})
		}
	}()
	for ctx.Err() == nil {
		err := group.Consume(ctx, []string{s.Topic}, member{s.Topic})
		if errors.Is(err, sarama.ErrClosedConsumerGroup) {
			return err
		}
		if err != nil {
			say("refused", map[string]any{"error": err.Error()})
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}
