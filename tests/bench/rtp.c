/* Many telephones: sends and hears RTP on a socket each, and counts what is missing.
 *
 *     rtp SECONDS < flows
 *
 * A flow is a line "LOCAL-HOST LOCAL-PORT REMOTE-HOST REMOTE-PORT PAYLOAD-TYPE SENDS".
 * Packets of 20 ms; the flows' phases are spread evenly. Port + 1 is bound and never read,
 * so that RTCP to it raises no ICMP. "ready" is said when all sockets are bound; at the end
 * a line for each flow: sent, received, missing (by sequence number), out of order; and a
 * last line: delay of relayed packets in microseconds (median, 99th percentile, maximum),
 * and how late the sender itself was at worst.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, FRAME = 160, MOST = 4096, BUCKETS = 20000, BUCKET_US = 10 };
static const int64_t PERIOD = 20000000, SETTLE = 500000000;
static const uint64_t STAMP = 0xd5d5b2b0a5d5d5d5ULL;

struct flow {
    struct sockaddr_in remote;
    int fd, sends, payload_type, heard;
    int64_t due;
    uint16_t sequence, highest;
    uint64_t sent, received, out_of_order, span;
};

static struct flow flows[MOST];
static uint32_t delays[BUCKETS + 1];
static int64_t longest_delay, latest;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int bound(const char *host, int port) {
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    int size = 1 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    local.sin_addr.s_addr = inet_addr(host);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
        fprintf(stderr, "%s:%d: %s\n", host, port, strerror(errno));
        exit(1);
    }
    return fd;
}

static void speak(struct flow *flow, int64_t at) {
    uint8_t packet[HEADER + FRAME] = {0x80, flow->payload_type};
    uint16_t sequence = htons(flow->sequence);
    uint32_t timestamp = htonl(FRAME * (uint32_t)flow->sent);
    uint32_t source = htonl((uint32_t)(flow - flows) + 1);
    memset(packet + HEADER, 0xd5, FRAME);
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &source, 4);
    memcpy(packet + HEADER, &STAMP, 8);
    memcpy(packet + HEADER + 8, &at, 8);
    sendto(flow->fd, packet, sizeof packet, 0, (struct sockaddr *)&flow->remote,
           sizeof flow->remote);
    flow->sequence++;
    flow->sent++;
}

static void note_delay(const uint8_t *packet) {
    int64_t began, delay;
    if (memcmp(packet + HEADER, &STAMP, 8) != 0)
        return;
    memcpy(&began, packet + HEADER + 8, 8);
    delay = now() - began;
    longest_delay = delay > longest_delay ? delay : longest_delay;
    delay /= 1000 * BUCKET_US;
    delays[delay < 0 ? 0 : delay > BUCKETS ? BUCKETS : delay]++;
}

static void hear(struct flow *flow) {
    uint8_t packet[2048];
    ssize_t size;
    while ((size = recv(flow->fd, packet, sizeof packet, 0)) > 0) {
        if (size != HEADER + FRAME)
            continue;
        uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
        int16_t step = (int16_t)(sequence - flow->highest);
        if (!flow->heard) {
            flow->heard = 1;
            flow->span = 1;
            flow->highest = sequence;
        } else if (step > 0) {
            flow->span += step;
            flow->highest = sequence;
        } else {
            flow->out_of_order++;
        }
        flow->received++;
        note_delay(packet);
    }
}

static double percentile(double share) {
    uint64_t total = 0, seen = 0;
    for (int i = 0; i <= BUCKETS; i++)
        total += delays[i];
    for (int i = 0; i <= BUCKETS; i++)
        if ((seen += delays[i]) > share * total)
            return i * BUCKET_US;
    return 0;
}

static int read_flows(void) {
    char local[64], remote[64];
    int count = 0, local_port, remote_port, type, sends;
    while (count < MOST && scanf("%63s %d %63s %d %d %d", local, &local_port, remote,
                                 &remote_port, &type, &sends) == 6) {
        struct flow *flow = &flows[count++];
        flow->fd = bound(local, local_port);
        bound(local, local_port + 1);
        flow->remote.sin_family = AF_INET;
        flow->remote.sin_port = htons(remote_port);
        flow->remote.sin_addr.s_addr = inet_addr(remote);
        flow->payload_type = type;
        flow->sends = sends;
        flow->sequence = 40000;
    }
    return count;
}

int main(int argc, char **argv) {
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    int64_t length = argc > 1 ? (int64_t)(atof(argv[1]) * 1e9) : 0;
    int count = read_flows(), watch = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &flows[i]};
        epoll_ctl(watch, EPOLL_CTL_ADD, flows[i].fd, &event);
    }
    puts("ready");
    fflush(stdout);
    int64_t began = now() + PERIOD, end = began + length;
    for (int i = 0; i < count; i++)
        flows[i].due = began + PERIOD * i / count;
    for (int64_t at = now(); at < end + SETTLE; at = now()) {
        for (int i = 0; i < count; i++) {
            struct flow *flow = &flows[i];
            while (flow->sends && flow->due <= at && flow->due < end) {
                latest = at - flow->due > latest ? at - flow->due : latest;
                speak(flow, now());
                flow->due += PERIOD;
            }
        }
        struct epoll_event events[256];
        int ready = epoll_wait(watch, events, 256, 0);
        for (int i = 0; i < ready; i++)
            hear(events[i].data.ptr);
        if (ready < 256) {
            struct timespec pause = {.tv_nsec = 500000};
            nanosleep(&pause, NULL);
        }
    }
    for (int i = 0; i < count; i++)
        printf("%lu %lu %lu %lu\n", flows[i].sent, flows[i].received,
               flows[i].span > flows[i].received ? flows[i].span - flows[i].received : 0,
               flows[i].out_of_order);
    printf("%.0f %.0f %.0f %.0f\n", percentile(0.5), percentile(0.99),
           longest_delay / 1e3, latest / 1e3);
    return 0;
}
