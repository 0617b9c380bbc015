package main

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	sessionMs   = 45000
	rebalanceMs = 60000
	commitFor   = 10 * time.Second
)

// seat is a member: its connection, and where it stands in its group.
type seat struct {
	*wire
	turn       sync.Mutex // heartbeats and commits share the connection
	id         string
	generation int32
	partitions []int32
}

// crowd is all members of one group. It is settled when all are in one generation and hold all partitions,
// each its share: a coordinator that assigns now and then has an epoch in which the last to come hold none.
type crowd struct {
	sync.Mutex
	group, topic string
	partitions   int
	topicID      [16]byte
	seats        []*seat
	done         chan struct{}
	settled      bool
}

// storm runs `storm BOOTSTRAP PROTOCOL MEMBERS TOPIC PARTITIONS`: every member on a connection of its own, all at
// once. A line on standard input starts it; it tells {"connected", "settled"} in seconds. Another line starts the
// commits: all members, each one after the other, for ten seconds; it tells {"commits", "seconds"}. It leaves with
// standard input.
func storm(arguments []string) {
	members, _ := strconv.Atoi(arguments[2])
	partitions, _ := strconv.Atoi(arguments[4])
	c := &crowd{group: "storm", topic: arguments[3], partitions: partitions, done: make(chan struct{})}
	c.findTopic(arguments[0])
	wait()
	debug.SetGCPercent(800)
	started := time.Now()
	c.connect(arguments[0], members)
	connected := time.Since(started)
	life := (*crowd).classic
	if arguments[1] == "consumer" {
		life = (*crowd).consumer
	}
	for _, s := range c.seats {
		go func() {
			if err := life(c, s); err != nil {
				fail(fmt.Errorf("member %s: %w", s.id, err))
			}
		}()
	}
	select {
	case <-c.done:
	case <-time.After(patience):
		fail(fmt.Errorf("not settled after %v: %s", patience, c.state()))
	}
	tell(map[string]any{"connected": connected.Seconds(), "settled": time.Since(started).Seconds()})
	wait()
	c.commitAll()
	wait()
}

// take asks in turn with the member's other requests.
func (s *seat) take(request kmsg.Request) (kmsg.Response, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.ask(request)
}

func (c *crowd) connect(address string, members int) {
	c.seats = make([]*seat, members)
	var opened sync.WaitGroup
	for i := range c.seats {
		opened.Add(1)
		go func() {
			defer opened.Done()
			w, err := dial(address)
			if err != nil {
				fail(err)
			}
			c.seats[i] = &seat{wire: w, generation: -1}
		}()
	}
	opened.Wait()
}

func (c *crowd) findTopic(address string) {
	w, err := dial(address)
	if err != nil {
		fail(err)
	}
	request := kmsg.NewPtrMetadataRequest()
	request.SetVersion(12)
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &c.topic
	request.Topics = append(request.Topics, topic)
	response, err := w.ask(request)
	if err != nil {
		fail(err)
	}
	c.topicID = response.(*kmsg.MetadataResponse).Topics[0].TopicID
	w.conn.Close()
}

// stands notes where a member stands now, and whether all are settled.
func (c *crowd) stands(s *seat, generation int32, partitions []int32) {
	c.Lock()
	defer c.Unlock()
	s.generation, s.partitions = generation, partitions
	held := 0
	for _, one := range c.seats {
		if one.generation != generation || len(one.partitions) < c.partitions/len(c.seats) {
			return
		}
		held += len(one.partitions)
	}
	if held == c.partitions && !c.settled {
		c.settled = true
		close(c.done)
	}
}

// state says how many members are in which generation, and how many partitions they hold.
func (c *crowd) state() string {
	c.Lock()
	defer c.Unlock()
	generations, held := map[int32]int{}, 0
	for _, one := range c.seats {
		generations[one.generation]++
		held += len(one.partitions)
	}
	return fmt.Sprintf("members by generation %v, %d of %d partitions held", generations, held, c.partitions)
}

// commitAll has every member commit its own partitions, one request after the other.
func (c *crowd) commitAll() {
	var answered, failed atomic.Int64
	var running sync.WaitGroup
	started := time.Now()
	for _, s := range c.seats {
		running.Add(1)
		go func() {
			defer running.Done()
			c.Lock() // once: what the driver spends is missing to the broker beside it
			request := c.commit(s, 0)
			c.Unlock()
			for offset := int64(1); time.Since(started) < commitFor; offset++ {
				for number := range request.Topics[0].Partitions {
					request.Topics[0].Partitions[number].Offset = offset
				}
				response, err := s.take(request)
				if err != nil || refused(response.(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode) != nil {
					failed.Add(1)
					continue
				}
				answered.Add(1)
			}
		}()
	}
	running.Wait()
	tell(map[string]any{"commits": answered.Load(), "failed": failed.Load(), "seconds": time.Since(started).Seconds()})
}

// commit is a request for all that the member has.
func (c *crowd) commit(s *seat, offset int64) *kmsg.OffsetCommitRequest {
	request := kmsg.NewPtrOffsetCommitRequest()
	request.SetVersion(9)
	request.Group, request.MemberID, request.Generation = c.group, s.id, s.generation
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = c.topic
	for _, number := range s.partitions {
		partition := kmsg.NewOffsetCommitRequestTopicPartition()
		partition.Partition, partition.Offset = number, offset
		topic.Partitions = append(topic.Partitions, partition)
	}
	request.Topics = append(request.Topics, topic)
	return request
}
