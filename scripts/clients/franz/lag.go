package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lag runs `lag BOOTSTRAP GROUP`: the lag of a group by partition, as kadm works it out (describe, committed offsets,
// start and end offsets); prints {"TOPIC-PARTITION": lag}.
func lag(arguments []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(arguments[0]))
	if err != nil {
		fail(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	lags, err := kadm.NewClient(client).Lag(ctx, arguments[1])
	group := lags[arguments[1]]
	if err == nil {
		err = group.Error()
	}
	if err != nil {
		fail(err)
	}
	found := map[string]any{}
	for _, one := range group.Lag.Sorted() {
		found[fmt.Sprintf("%s-%d", one.Topic, one.Partition)] = one.Lag
	}
	tell(found)
}
