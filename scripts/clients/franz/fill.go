package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	fillValue    = 1024
	fillBuffered = 64 << 20
)

// fill runs `fill BOOTSTRAP TOPIC PARTITIONS BYTES_PER_PARTITION ACKED`: records of 1 KiB, acks=all, as fast as the broker
// takes them. Says "filled SECONDS" when every partition has its bytes, then goes on until standard input speaks, then
// writes "PARTITION OFFSET NAME" of the last acknowledged record of each partition to the file ACKED, and leaves.
func fill(arguments []string) {
	if len(arguments) != 5 {
		fmt.Fprintln(os.Stderr, "usage: franz fill BOOTSTRAP TOPIC PARTITIONS BYTES_PER_PARTITION ACKED")
		os.Exit(2)
	}
	partitions, _ := strconv.Atoi(arguments[2])
	bytes, _ := strconv.ParseInt(arguments[3], 10, 64)
	client, err := kgo.NewClient(kgo.SeedBrokers(arguments[0]), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(arguments[1]), kgo.ProducerLinger(5*time.Millisecond), kgo.ProducerBatchMaxBytes(1<<20),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedBytes(fillBuffered),
		kgo.MaxBufferedRecords(1<<20))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	last := make([]atomic.Pointer[kgo.Record], partitions)
	over := make(chan struct{})
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		close(over)
	}()
	noise := make([]byte, fillValue)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	started := time.Now()
	wanted := bytes / fillValue * int64(partitions)
	for number := int64(0); ; number++ {
		select {
		case <-over:
			report(arguments[4], last)
			return
		default:
		}
		if number == wanted {
			client.Flush(context.Background())
			fmt.Printf("filled %.1f\n", time.Since(started).Seconds())
		}
		value := append(fmt.Appendf(nil, "0-%d ", number), noise...)[:fillValue]
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // the buffer stays full once the broker is gone
		client.Produce(ctx, &kgo.Record{Partition: int32(number % int64(partitions)), Value: value},
			func(record *kgo.Record, err error) {
				cancel()
				if err == nil {
					last[record.Partition].Store(record)
				}
			})
	}
}

func report(path string, last []atomic.Pointer[kgo.Record]) {
	file, err := os.Create(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer file.Close()
	for partition := range last {
		if record := last[partition].Load(); record != nil {
			var name string
			fmt.Sscan(string(record.Value[:32]), &name)
			fmt.Fprintf(file, "%d %d %s\n", partition, record.Offset, name)
		}
	}
}
