// franz-go as a client of the acceptance lists: `franz jobs BOOTSTRAP` takes jobs on standard input
// (clients/python/jobs.py says what a job is), `franz load ...` is the load of the durability list, `franz fill ...`
// that of the recovery list, `franz member ...` a member of a group, `franz lag ...` and `franz offsets ...` ask about
// groups. `franz storm ...`, `franz many ...` and `franz knock ...` speak the protocol without the client, for the
// scale list.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type job struct {
	Op, Topic, Codec, Acks, Records string
	Partition                       int32
	Idempotent                      bool
	Count                           int64
	Timeout                         float64
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

var allAcks = map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: franz jobs BOOTSTRAP | franz load|fill|lag|offsets|member|storm|many|knock ...")
		os.Exit(2)
	}
	programs := map[string]func([]string){
		"load": load, "fill": fill, "lag": lag, "offsets": offsets, "member": member, "storm": storm, "many": many,
		"knock": knock,
	}
	if program, found := programs[os.Args[1]]; found {
		program(os.Args[2:])
		return
	}
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		answer, err := run(os.Args[2], input.Bytes())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			answer = map[string]any{"error": err.Error()}
		}
		answer["ok"] = err == nil
		line, _ := json.Marshal(answer)
		fmt.Println(string(line))
	}
}

func run(bootstrap string, line []byte) (map[string]any, error) {
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return nil, err
	}
	switch j.Op {
	case "produce":
		return produce(bootstrap, j)
	case "consume":
		return consume(bootstrap, j)
	}
	return nil, fmt.Errorf("unknown op %q", j.Op)
}

func produce(bootstrap string, j job) (map[string]any, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(250 * time.Millisecond),
		kgo.ProducerBatchMaxBytes(11 << 20), kgo.ProducerBatchCompression(codecs[j.Codec]), kgo.RequiredAcks(allAcks[j.Acks]),
		kgo.RecordDeliveryTimeout(30 * time.Second),
	}
	if !j.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	data, err := os.ReadFile(j.Records)
	if err != nil {
		return nil, err
	}
	acked, failed := 0, error(nil)
	done := make(chan error, 4096)
	sent := 0
	for len(data) > 0 {
		record := &kgo.Record{Topic: j.Topic, Partition: j.Partition}
		record.Key, record.Value = take(&data), take(&data)
		for left := int32(integer(&data)); left > 0; left-- {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: string(take(&data)), Value: take(&data)})
		}
		sent++
		client.Produce(context.Background(), record, func(_ *kgo.Record, err error) { done <- err })
	}
	go client.Flush(context.Background())
	for range sent {
		if err := <-done; err != nil {
			failed = err
		} else {
			acked++
		}
	}
	return map[string]any{"acked": acked}, failed
}

// consume reads from the first offset until the count and the end offset of the partition are both reached.
func consume(bootstrap string, j job) (map[string]any, error) {
	timeout := j.Timeout
	if timeout == 0 {
		timeout = 30
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(timeout*float64(time.Second)))
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.FetchMaxWait(50*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{j.Topic: {j.Partition: kgo.NewOffset().AtStart()}}))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	digest, count, position := sha256.New(), int64(0), int64(0)
	for {
		end, err := endOffset(ctx, client, j)
		if err != nil {
			return nil, fmt.Errorf("end offset: %w", err)
		}
		if count >= j.Count && position >= end {
			return map[string]any{"count": count, "sha256": hex.EncodeToString(digest.Sum(nil))}, nil
		}
		for position < end {
			fetches := client.PollFetches(ctx)
			for _, e := range fetches.Errors() {
				return nil, fmt.Errorf("%d of %d records, position %d of %d: %w", count, j.Count, position, end, e.Err)
			}
			fetches.EachRecord(func(record *kgo.Record) {
				add(digest, record)
				count++
				position = record.Offset + 1
			})
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func endOffset(ctx context.Context, client *kgo.Client, j job) (int64, error) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = j.Topic
	partition := kmsg.NewListOffsetsRequestTopicPartition()
	partition.Partition = j.Partition
	partition.Timestamp = -1
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	for {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return 0, err
		}
		if len(response.Topics) == 1 && len(response.Topics[0].Partitions) == 1 {
			answer := response.Topics[0].Partitions[0]
			if answer.ErrorCode == 0 {
				return answer.Offset, nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func integer(data *[]byte) uint32 {
	value := binary.BigEndian.Uint32(*data)
	*data = (*data)[4:]
	return value
}

func take(data *[]byte) []byte {
	length := int32(integer(data))
	if length < 0 {
		return nil
	}
	part := (*data)[:length:length]
	*data = (*data)[length:]
	return part
}

func add(digest hash.Hash, record *kgo.Record) {
	frame(digest, record.Key)
	frame(digest, record.Value)
	digest.Write(binary.BigEndian.AppendUint32(nil, uint32(len(record.Headers))))
	for _, header := range record.Headers {
		frame(digest, []byte(header.Key))
		frame(digest, header.Value)
	}
}

func frame(digest hash.Hash, part []byte) {
	length := int32(len(part))
	if part == nil {
		length = -1
	}
	digest.Write(binary.BigEndian.AppendUint32(nil, uint32(length)))
	digest.Write(part)
}
