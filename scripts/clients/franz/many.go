package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	manyLinks     = 50
	describedOnce = 100 // groups in one DescribeGroups
)

// many runs `many BOOTSTRAP GROUPS TOPIC`: one offset for each of so many groups, then all groups listed, then all
// described. A line on standard input starts each part; each tells its seconds and how many groups were right.
func many(arguments []string) {
	count, _ := strconv.Atoi(arguments[1])
	links := make([]*wire, manyLinks)
	for i := range links {
		var err error
		if links[i], err = dial(arguments[0]); err != nil {
			fail(err)
		}
	}
	part(func() int { return commitMany(links, count, arguments[2]) })
	part(func() int { return listMany(links[0]) })
	part(func() int { return describeMany(links[0], count) })
	wait()
}

func part(run func() int) {
	wait()
	started := time.Now()
	right := run()
	tell(map[string]any{"right": right, "seconds": time.Since(started).Seconds()})
}

func commitMany(links []*wire, count int, topic string) int {
	var running sync.WaitGroup
	right := make([]int, len(links))
	for number, link := range links {
		running.Add(1)
		go func() {
			defer running.Done()
			for group := number; group < count; group += len(links) {
				c := &crowd{group: fmt.Sprintf("group-%d", group), topic: topic}
				response, err := link.ask(c.commit(&seat{generation: -1, partitions: []int32{0}}, int64(group)))
				if err != nil {
					fail(err)
				}
				if response.(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode == 0 {
					right[number]++
				}
			}
		}()
	}
	running.Wait()
	total := 0
	for _, one := range right {
		total += one
	}
	return total
}

func listMany(link *wire) int {
	request := kmsg.NewPtrListGroupsRequest()
	request.SetVersion(5)
	response, err := link.ask(request)
	if err != nil {
		fail(err)
	}
	return len(response.(*kmsg.ListGroupsResponse).Groups)
}

func describeMany(link *wire, count int) int {
	right := 0
	for first := 0; first < count; first += describedOnce {
		request := kmsg.NewPtrDescribeGroupsRequest()
		request.SetVersion(5)
		for group := first; group < min(first+describedOnce, count); group++ {
			request.Groups = append(request.Groups, fmt.Sprintf("group-%d", group))
		}
		response, err := link.ask(request)
		if err != nil {
			fail(err)
		}
		for _, one := range response.(*kmsg.DescribeGroupsResponse).Groups {
			if one.ErrorCode == 0 && one.State == "Empty" {
				right++
			}
		}
	}
	return right
}

// knock runs `knock BOOTSTRAP CONNECTIONS`: opens them one after the other, each asks for ApiVersions, all stay open.
func knock(arguments []string) {
	count, _ := strconv.Atoi(arguments[1])
	links := make([]*wire, count)
	part(func() int {
		right := 0
		for i := range links {
			var err error
			if links[i], err = dial(arguments[0]); err != nil {
				fail(err)
			}
			request := kmsg.NewPtrApiVersionsRequest()
			request.SetVersion(3)
			request.ClientSoftwareName, request.ClientSoftwareVersion = "scale", "1"
			response, err := links[i].ask(request)
			if err != nil {
				fail(err)
			}
			if response.(*kmsg.ApiVersionsResponse).ErrorCode == 0 {
				right++
			}
		}
		return right
	})
	wait()
}
