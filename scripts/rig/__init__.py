"""What scripts/acceptance is made of.

  main        the command line: which lists, which broker
  report      the lines, the exit code
  places      folders of a run, what is fetched once and kept in .cache
  broker      one node under test: Corelog or Apache Kafka, start, stop, kill
  corpus      the records that every client sends, and their sha256
  worker      one client program, asked job by job (clients/python/jobs.py says what a job is)
  programs    the client programs: how each is installed and started, what it can do
  dump        kafka-dump-log.sh: run and read
  history     what producers were told, what consumers saw, and the checker of both
  blocks      loop devices, mounts and file systems of the power rigs, and their removal
  proof       a small writer that shows that a power rig bites
  power       rig R1: crash images by reflink, and what a broker finds on them
  device      rig R2: a disk that fails, lies, hangs and loses (fuseblk.c)
  faults      device errors and full disks under load
  stall       a flush that hangs, and who may wait for it
  damage      files that are not logs, damaged one way and another
  load, fixture  the load of the durability list; log directories written by Apache Kafka
  raw, requests, batches  the protocol and the record format by hand, on plain sockets, for the wire list
  traps, indexes, spans, frozen, hot, promises  the parts of the wire list
  counters, pings  what a core counted; small requests beside other work, each with its time
  machine     what the kernel knows of a process: memory, CPU time; the page cache kept full
  subject     a broker prepared for measuring
  children    programs that run beside a list; jars, debian: where applications and daemons come from
  streams, connect, pipeline  the parts of the applications list
  table       what a topic holds, read by a client program
  cleaned     what a compacted topic must hold, and the judge; moments: when a cleaning broker is killed
  tombstones  part of the compaction list: how long tombstones stay, that no producer is forgotten
  member, membership     the members of a group as processes; the checker of what they saw
  group_requests         the requests of groups, on plain sockets
  tool_script, offsets_topic, lag    Kafka's group commands, what the coordinator's topic holds, lag by others
  page        what a broker shows over HTTP
  group_steps, group_power    the parts of the group-durability list: a kill at each step, power cuts under commits
  clients, formats, durability, recovery, wire, compare, applications, compaction, groups, group_tools,
  group_durability, scale, metrics    the lists, one file each
"""
