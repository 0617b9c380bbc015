package main

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const classicBeat = 3 * time.Second

// classic is the life of a member of a classic group: join, sync, heartbeats, and again when the group rebalances.
func (c *crowd) classic(s *seat) error {
	for {
		joined, err := c.joinClassic(s)
		if err != nil {
			return err
		}
		again, err := c.syncClassic(s, joined)
		for err == nil && !again {
			time.Sleep(classicBeat)
			again, err = c.beatClassic(s)
		}
		if err != nil {
			return err
		}
	}
}

func (c *crowd) joinClassic(s *seat) (*kmsg.JoinGroupResponse, error) {
	request := kmsg.NewPtrJoinGroupRequest()
	request.SetVersion(9)
	request.Group, request.ProtocolType = c.group, "consumer"
	request.SessionTimeoutMillis, request.RebalanceTimeoutMillis = sessionMs, rebalanceMs
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{c.topic}
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = "range", metadata.AppendTo(nil)
	request.Protocols = append(request.Protocols, protocol)
	for {
		request.MemberID = s.id
		response, err := s.take(request)
		if err != nil {
			return nil, err
		}
		joined := response.(*kmsg.JoinGroupResponse)
		switch err := refused(joined.ErrorCode); err {
		case nil:
			s.id = joined.MemberID
			return joined, nil
		case kerr.MemberIDRequired:
			s.id = joined.MemberID
		case kerr.UnknownMemberID:
			s.id = ""
		case kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.RebalanceInProgress:
			time.Sleep(100 * time.Millisecond)
		default:
			return nil, err
		}
	}
}

func (c *crowd) syncClassic(s *seat, joined *kmsg.JoinGroupResponse) (again bool, err error) {
	request := kmsg.NewPtrSyncGroupRequest()
	request.SetVersion(5)
	request.Group, request.MemberID, request.Generation = c.group, s.id, joined.Generation
	request.ProtocolType, request.Protocol = joined.ProtocolType, joined.Protocol
	if joined.LeaderID == s.id {
		for i, member := range joined.Members {
			one := kmsg.NewSyncGroupRequestGroupAssignment()
			one.MemberID, one.MemberAssignment = member.MemberID, c.share(i, len(joined.Members))
			request.GroupAssignment = append(request.GroupAssignment, one)
		}
	}
	response, err := s.take(request)
	if err != nil {
		return false, err
	}
	synced := response.(*kmsg.SyncGroupResponse)
	if err := refused(synced.ErrorCode); err != nil {
		return rejoins(s, err)
	}
	var assignment kmsg.ConsumerMemberAssignment
	if err := assignment.ReadFrom(synced.MemberAssignment); err != nil {
		return false, err
	}
	var partitions []int32
	for _, topic := range assignment.Topics {
		partitions = append(partitions, topic.Partitions...)
	}
	c.stands(s, joined.Generation, partitions)
	return false, nil
}

// share is the part of one member, in ranges.
func (c *crowd) share(index, members int) []byte {
	assignment := kmsg.NewConsumerMemberAssignment()
	topic := kmsg.NewConsumerMemberAssignmentTopic()
	topic.Topic = c.topic
	for one := index * c.partitions / members; one < (index+1)*c.partitions/members; one++ {
		topic.Partitions = append(topic.Partitions, int32(one))
	}
	assignment.Topics = append(assignment.Topics, topic)
	return assignment.AppendTo(nil)
}

func (c *crowd) beatClassic(s *seat) (again bool, err error) {
	request := kmsg.NewPtrHeartbeatRequest()
	request.SetVersion(4)
	request.Group, request.MemberID, request.Generation = c.group, s.id, s.generation
	response, err := s.take(request)
	if err != nil {
		return false, err
	}
	return rejoins(s, refused(response.(*kmsg.HeartbeatResponse).ErrorCode))
}

// rejoins says whether an error means that the member has to join again.
func rejoins(s *seat, err error) (bool, error) {
	switch err {
	case nil:
		return false, nil
	case kerr.UnknownMemberID:
		s.id = ""
		return true, nil
	case kerr.RebalanceInProgress, kerr.IllegalGeneration:
		return true, nil
	}
	return false, err
}

// consumer is the life of a member of the new protocol: heartbeats, and one more at once when there is something new.
func (c *crowd) consumer(s *seat) error {
	var id [16]byte
	rand.Read(id[:])
	s.id = base64.RawURLEncoding.EncodeToString(id[:])
	owned, changed := []int32{}, true
	epoch := int32(0)
	for {
		request := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		request.SetVersion(1)
		request.Group, request.MemberID, request.MemberEpoch = c.group, s.id, epoch
		if epoch == 0 {
			request.RebalanceTimeoutMillis, request.SubscribedTopicNames = rebalanceMs, []string{c.topic}
		}
		if changed {
			request.Topics = c.topics(owned)
		}
		response, err := s.take(request)
		if err != nil {
			return err
		}
		beat := response.(*kmsg.ConsumerGroupHeartbeatResponse)
		switch err := refused(beat.ErrorCode); err {
		case nil:
		case kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable:
			time.Sleep(100 * time.Millisecond)
			continue
		default:
			return err
		}
		epoch, changed = beat.MemberEpoch, beat.Assignment != nil
		if changed {
			owned = []int32{}
			for _, topic := range beat.Assignment.Topics {
				owned = append(owned, topic.Partitions...)
			}
		}
		c.stands(s, epoch, owned)
		if !changed {
			time.Sleep(time.Duration(beat.HeartbeatIntervalMillis) * time.Millisecond)
		}
	}
}

func (c *crowd) topics(owned []int32) []kmsg.ConsumerGroupHeartbeatRequestTopic {
	if len(owned) == 0 {
		return []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	}
	topic := kmsg.NewConsumerGroupHeartbeatRequestTopic()
	topic.TopicID, topic.Partitions = c.topicID, owned
	return []kmsg.ConsumerGroupHeartbeatRequestTopic{topic}
}
