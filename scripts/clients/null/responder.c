/* A broker that keeps nothing: the ceiling of a producing client on this machine.
 *
 * It answers ApiVersions, Metadata (one broker: itself; every topic has PARTITIONS partitions) and Produce (offset 0),
 * and drops the records inside the kernel (MSG_TRUNC), so what a client reaches here is the client's own limit.
 * One thread per connection. Start: responder PARTITIONS; it prints its port and runs until it is killed. */
#include <arpa/inet.h>
#include <endian.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PRODUCE = 0, FETCH = 1, METADATA = 3, API_VERSIONS = 18, HEAD_MAX = 512, ANSWER_MAX = 1 << 20 };

static int partitions, port;

struct text { char *at; };

static void put16(struct text *to, int16_t value) { uint16_t raw = htobe16(value); memcpy(to->at, &raw, 2); to->at += 2; }
static void put32(struct text *to, int32_t value) { uint32_t raw = htobe32(value); memcpy(to->at, &raw, 4); to->at += 4; }
static void put64(struct text *to, int64_t value) { uint64_t raw = htobe64(value); memcpy(to->at, &raw, 8); to->at += 8; }
static void put_string(struct text *to, const char *from, int length) {
        put16(to, length);
        memcpy(to->at, from, length);
        to->at += length;
}

static int16_t get16(const char *from) { uint16_t raw; memcpy(&raw, from, 2); return be16toh(raw); }
static int32_t get32(const char *from) { uint32_t raw; memcpy(&raw, from, 4); return be32toh(raw); }

/* Exactly `length` bytes, or the connection is over. `flags` MSG_TRUNC drops them. */
static int take(int link, char *into, size_t length, int flags) {
        while (length > 0) {
                ssize_t got = recv(link, into, length, flags);
                if (got <= 0)
                        return 0;
                if (!(flags & MSG_TRUNC))
                        into += got;
                length -= got;
        }
        return 1;
}

static void answer_api_versions(struct text *to, int version) {
        static const int16_t table[][3] = {{PRODUCE, 0, 7}, {FETCH, 0, 4}, {METADATA, 0, 4}, {API_VERSIONS, 0, 0}};
        put16(to, version == 0 ? 0 : 35);
        put32(to, 4);
        for (int row = 0; row < 4; row++)
                for (int column = 0; column < 3; column++)
                        put16(to, table[row][column]);
}

/* Metadata v4; `body` is the request after its header. */
static void answer_metadata(struct text *to, const char *body) {
        put32(to, 0);
        put32(to, 1);
        put32(to, 1);
        put_string(to, "127.0.0.1", 9);
        put32(to, port);
        put16(to, -1);
        put16(to, -1);
        put32(to, 1);
        int topics = get32(body);
        body += 4;
        put32(to, topics < 0 ? 0 : topics);
        for (int topic = 0; topic < topics; topic++) {
                int length = get16(body);
                put16(to, 0);
                put_string(to, body + 2, length);
                body += 2 + length;
                *to->at++ = 0;
                put32(to, partitions);
                for (int partition = 0; partition < partitions; partition++) {
                        put16(to, 0);
                        put32(to, partition);
                        for (int field = 0; field < 5; field++)
                                put32(to, 1); /* leader, one replica, one in sync */
                }
        }
}

/* Produce v7 with one partition, as librdkafka sends it. */
static void answer_produce(struct text *to, const char *body) {
        int transactional = get16(body);
        body += 2 + (transactional > 0 ? transactional : 0) + 2 + 4 + 4;
        int length = get16(body);
        put32(to, 1);
        put_string(to, body + 2, length);
        put32(to, 1);
        put32(to, get32(body + 2 + length + 4));
        put16(to, 0);
        put64(to, 0);
        put64(to, -1);
        put64(to, 0);
        put32(to, 0);
}

static void *serve(void *opaque) {
        int link = (int)(intptr_t)opaque, on = 1;
        char *answer = malloc(ANSWER_MAX), head[HEAD_MAX + 4];
        setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        for (;;) {
                if (!take(link, head, 4, 0))
                        break;
                int32_t size = get32(head), kept = size < HEAD_MAX ? size : HEAD_MAX;
                memset(head, 0, sizeof(head));
                if (size < 14 || !take(link, head, kept, 0) || !take(link, NULL, size - kept, MSG_TRUNC))
                        break;
                int key = get16(head), version = get16(head + 2), client = get16(head + 8);
                const char *body = head + 10 + (client > 0 ? client : 0);
                struct text to = {answer + 4};
                put32(&to, get32(head + 4));
                if (key == API_VERSIONS)
                        answer_api_versions(&to, version);
                else if (key == METADATA)
                        answer_metadata(&to, body);
                else if (key == PRODUCE)
                        answer_produce(&to, body);
                else
                        break;
                struct text length = {answer};
                put32(&length, to.at - answer - 4);
                if (send(link, answer, to.at - answer, MSG_NOSIGNAL) != to.at - answer)
                        break;
        }
        close(link);
        free(answer);
        return NULL;
}

int main(int count, char **arguments) {
        if (count != 2 || (partitions = atoi(arguments[1])) < 1 || partitions > 1000) {
                fprintf(stderr, "usage: responder PARTITIONS (1 to 1000)\n");
                return 2;
        }
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16) ||
            getsockname(listener, (struct sockaddr *)&address, &size)) {
                perror("responder");
                return 1;
        }
        port = ntohs(address.sin_port);
        printf("%d\n", port);
        fflush(stdout);
        for (;;) {
                pthread_t thread;
                int link = accept(listener, NULL, NULL);
                if (link >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)link) == 0)
                        pthread_detach(thread);
        }
}
