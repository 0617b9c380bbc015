package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// offsets runs `offsets BOOTSTRAP GROUP...`: all that these groups have committed; prints {GROUP: {"TOPIC-PARTITION":
// offset}}.
func offsets(arguments []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(arguments[0]))
	if err != nil {
		fail(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	found := map[string]any{}
	for _, group := range arguments[1:] {
		committed, err := kadm.NewClient(client).FetchOffsets(ctx, group)
		if err != nil {
			fail(fmt.Errorf("group %s: %w", group, err))
		}
		of := map[string]int64{}
		committed.Each(func(one kadm.OffsetResponse) {
			if one.Err != nil {
				fail(fmt.Errorf("group %s, %s-%d: %w", group, one.Topic, one.Partition, one.Err))
			}
			of[fmt.Sprintf("%s-%d", one.Topic, one.Partition)] = one.At
		})
		found[group] = of
	}
	tell(found)
}
