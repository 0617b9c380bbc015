package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const commitEvery = 200 * time.Millisecond

type settings struct {
	Topic, Group, Protocol, Instance, Assignor string
	SessionMs                                  int `json:"session_ms"`
	HeartbeatMs                                int `json:"heartbeat_ms"`
	RebalanceMs                                int `json:"rebalance_ms"`
}

// groupMember prints what happens to one member; clients/python/events.py says how.
type groupMember struct {
	sync.Mutex
	topic     string
	owned     map[int32]bool
	positions map[int32]int64 // read and not committed
	committed time.Time
}

// member runs `member BOOTSTRAP SETTINGS`. The consumer protocol is what kgo keeps behind a key of its context.
func member(arguments []string) {
	var s settings
	if err := json.Unmarshal([]byte(arguments[1]), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	m := &groupMember{topic: s.Topic, owned: map[int32]bool{}, positions: map[int32]int64{}}
	options := []kgo.Opt{
		kgo.SeedBrokers(arguments[0]), kgo.ConsumerGroup(s.Group), kgo.ConsumeTopics(s.Topic), kgo.DisableAutoCommit(),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(milliseconds(s.SessionMs)), kgo.HeartbeatInterval(milliseconds(s.HeartbeatMs)),
		kgo.RebalanceTimeout(milliseconds(s.RebalanceMs)), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.BlockRebalanceOnPoll(), kgo.OnPartitionsAssigned(m.assigned), kgo.OnPartitionsRevoked(m.revoked),
		kgo.OnPartitionsLost(m.lost), kgo.DialTimeout(time.Second),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
	}
	if s.Instance != "" {
		options = append(options, kgo.InstanceID(s.Instance))
	}
	if s.Protocol == "consumer" {
		options = append(options, kgo.WithContext(
			context.WithValue(context.Background(), "opt_in_kafka_next_gen_balancer_beta", true)))
	}
	say("ready", nil)
	input := bufio.NewReader(os.Stdin)
	input.ReadString('\n')
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, input)
		stop()
	}()
	client, err := kgo.NewClient(options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	m.poll(ctx, client)
	say("leaving", nil)
	client.CloseAllowingRebalance()
	say("left", nil)
}

func milliseconds(number int) time.Duration { return time.Duration(number) * time.Millisecond }

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

func (m *groupMember) poll(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		limit, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		fetches := client.PollFetches(limit)
		cancel()
		spans := map[int32][2]int64{}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if p.Err != nil && !errors.Is(p.Err, context.DeadlineExceeded) && !errors.Is(p.Err, context.Canceled) {
				say("refused", map[string]any{"error": p.Err.Error()})
			}
			if len(p.Records) > 0 {
				spans[p.Partition] = [2]int64{p.Records[0].Offset, p.Records[len(p.Records)-1].Offset + 1}
			}
		})
		m.took(client, spans)
		if time.Since(m.committed) >= commitEvery {
			m.commit(ctx, client)
		}
		client.AllowRebalance()
	}
	m.commit(context.Background(), client)
}

func (m *groupMember) took(client *kgo.Client, spans map[int32][2]int64) {
	if len(spans) == 0 {
		return
	}
	_, generation := client.GroupMetadata()
	say("records", map[string]any{"generation": generation, "spans": spans})
	m.Lock()
	defer m.Unlock()
	for partition, span := range spans {
		m.positions[partition] = span[1]
	}
}

// commit waits for the answer; the broker may be away.
func (m *groupMember) commit(ctx context.Context, client *kgo.Client) {
	m.Lock()
	offsets := map[int32]kgo.EpochOffset{}
	for partition, offset := range m.positions {
		if m.owned[partition] {
			offsets[partition] = kgo.EpochOffset{Epoch: -1, Offset: offset}
		}
	}
	m.positions, m.committed = map[int32]int64{}, time.Now()
	m.Unlock()
	if len(offsets) == 0 {
		return
	}
	limit, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answered, failed := map[int32]int64{}, error(nil)
	client.CommitOffsetsSync(limit, map[string]map[int32]kgo.EpochOffset{m.topic: offsets}, func(
		_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error,
	) {
		if failed = err; err != nil {
			return
		}
		for _, topic := range response.Topics {
			for _, one := range topic.Partitions {
				if failed = kerr.ErrorForCode(one.ErrorCode); failed == nil {
					answered[one.Partition] = offsets[one.Partition].Offset
				}
			}
		}
	})
	if failed != nil {
		say("refused", map[string]any{"error": failed.Error()})
	}
	if len(answered) > 0 {
		say("committed", map[string]any{"offsets": answered})
	}
}

func (m *groupMember) assigned(_ context.Context, client *kgo.Client, partitions map[string][]int32) {
	m.Lock()
	for _, partition := range partitions[m.topic] {
		m.owned[partition] = true
	}
	m.Unlock()
	m.tell("assigned", client)
}

func (m *groupMember) revoked(ctx context.Context, client *kgo.Client, partitions map[string][]int32) {
	m.commit(ctx, client)
	m.lost(ctx, client, partitions)
}

func (m *groupMember) lost(_ context.Context, client *kgo.Client, partitions map[string][]int32) {
	m.Lock()
	for _, partition := range partitions[m.topic] {
		delete(m.owned, partition)
	}
	m.Unlock()
	m.tell("revoked", client)
}

func (m *groupMember) tell(event string, client *kgo.Client) {
	m.Lock()
	owned := []int32{}
	for partition := range m.owned {
		owned = append(owned, partition)
	}
	m.Unlock()
	slices.Sort(owned)
	id, generation := client.GroupMetadata()
	say(event, map[string]any{"generation": generation, "member": id, "owned": owned})
}
