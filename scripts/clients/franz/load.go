package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	tick       = 5 * time.Millisecond
	flushLimit = 60 * time.Second
	filler     = 100 // bytes behind the name of a record
)

// history is the file of what producers were told. One line per record, when its fate is known:
// ok|fail|info PRODUCER PARTITION NUMBER OFFSET INVOKED COMPLETED (unix nanoseconds). A time-out is info, never fail.
type history struct {
	sync.Mutex
	file *bufio.Writer
}

func (h *history) note(kind string, record *kgo.Record, producer, number int, invoked time.Time) {
	completed := time.Now()
	h.Lock()
	defer h.Unlock()
	fmt.Fprintf(h.file, "%s %d %d %d %d %d %d\n", kind, producer, record.Partition, number, record.Offset,
		invoked.UnixNano(), completed.UnixNano())
}

// load runs `load BOOTSTRAP TOPIC PARTITIONS PRODUCERS RECORDS_PER_SECOND HISTORY`: idempotent producers with acks=all,
// each writing to all partitions, until standard input ends. The value of a record is "PRODUCER-NUMBER xxx...", numbers
// of one producer rise within a partition. Every line on standard input makes the history durable so far.
func load(arguments []string) {
	if len(arguments) != 6 {
		fmt.Fprintln(os.Stderr, "usage: franz load BOOTSTRAP TOPIC PARTITIONS PRODUCERS RECORDS_PER_SECOND HISTORY")
		os.Exit(2)
	}
	numbers := make([]int, 3)
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(arguments[2+i])
	}
	file, err := os.Create(arguments[5])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	h := &history{file: bufio.NewWriter(file)}
	ctx, stop := context.WithCancel(context.Background())
	var producers sync.WaitGroup
	for producer := range numbers[1] {
		producers.Add(1)
		go func() {
			defer producers.Done()
			send(ctx, arguments[0], arguments[1], numbers[0], producer, numbers[2]/numbers[1], h)
		}()
	}
	input := bufio.NewReader(os.Stdin)
	for _, err = input.ReadString('\n'); err != io.EOF; _, err = input.ReadString('\n') {
		h.Lock()
		h.file.Flush()
		h.Unlock()
		fmt.Println("flushed")
	}
	stop()
	producers.Wait()
	h.file.Flush()
	file.Close()
}

func send(ctx context.Context, bootstrap, topic string, partitions, producer, rate int, h *history) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(2*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }), kgo.DialTimeout(time.Second),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.ProduceRequestTimeout(5*time.Second))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer client.Close()
	pad := strings.Repeat("x", filler)
	sent := 0
	started := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for ctx.Err() == nil {
		<-ticker.C
		due := int(time.Since(started).Seconds() * float64(rate))
		for ; sent < due && client.BufferedProduceRecords() < 5000 && ctx.Err() == nil; sent++ {
			number, invoked := sent, time.Now()
			record := &kgo.Record{
				Partition: int32(number % partitions),
				Value:     fmt.Appendf(nil, "%d-%d %s", producer, number, pad),
			}
			client.Produce(context.Background(), record, func(r *kgo.Record, err error) {
				kind := "ok"
				if err != nil {
					kind = "info"
					fmt.Fprintf(os.Stderr, "producer %d, record %d: %v\n", producer, number, err)
				}
				h.note(kind, r, producer, number, invoked)
			})
		}
		if sent < due { // the broker was away: no burst afterwards
			started = time.Now().Add(-time.Duration(float64(sent) / float64(rate) * float64(time.Second)))
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), flushLimit)
	defer cancel()
	if err := client.Flush(limit); err != nil {
		fmt.Fprintf(os.Stderr, "producer %d: flush: %v\n", producer, err)
	}
}
