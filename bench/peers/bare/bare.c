/* A room server on bare epoll with minimal parsing: it shows the limit of the machine.
 *
 *   bare PORT ws|tcp [answers]
 *
 * A client joins a room with "J <number>", which is answered with "OK", and sends a message with
 * "S <text>". All other members receive it as one JSON object. The messages of a room in one turn
 * of the loop are merged, and each member receives them in one send. With "answers", a sender
 * receives a JSON object for each of its messages. The server trusts its clients, the bench: all of
 * them use the example key of RFC 6455 in the handshake, so that the answer is always the same.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ROOMS = 4096,
    EVENTS = 512,
    IN_BYTES = 1 << 18,
    TEXT_BYTES = 1 << 16,
    ENVELOPE_BYTES = 512,
    BATCH_BYTES = 1 << 16, /* how much is merged into one send, unless one message is longer */
    BATCH_MESSAGES = 512
};

struct client {
    int fd;
    int room; /* -1: none yet */
    int seat; /* its index among the members of the room */
    bool open; /* whether the WebSocket handshake is done */
    char *in; /* an incomplete message */
    size_t in_length;
    char *out; /* bytes that the socket did not accept yet */
    size_t out_length;
};

/* One message in a room's batch: its range of bytes, and the sender, who does not receive it. */
struct part {
    size_t begin, end;
    struct client *from;
};

struct room {
    struct client **members;
    int count, capacity;
    char *batch; /* null until the first message */
    size_t length;
    struct part *parts;
    int part_count;
};

static struct room *rooms[ROOMS];
static int talking[ROOMS], talking_count; /* rooms with a batch that is not empty */
static int epoll;
static bool websocket, answers;
static long said;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *checked(void *memory) {
    if (!memory) die("memory");
    return memory;
}

static void watch(struct client *c, bool for_output) {
    struct epoll_event event = {.events = EPOLLIN | (for_output ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* ---- sending ---- */

static void keep_for_later(struct client *c, const char *bytes, size_t length) {
    c->out = checked(realloc(c->out, c->out_length + length));
    memcpy(c->out + c->out_length, bytes, length);
    c->out_length += length;
    watch(c, true);
}

static void put(struct client *c, const char *bytes, size_t length) {
    if (!length) return;
    ssize_t sent = 0;
    if (!c->out_length) {
        sent = send(c->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == (ssize_t)length) return;
        if (sent < 0) {
            if (errno != EAGAIN) return; /* disconnected; the next read reports it */
            sent = 0;
        }
    }
    keep_for_later(c, bytes + sent, length - (size_t)sent);
}

static void put_what_waits(struct client *c) {
    ssize_t sent = send(c->fd, c->out, c->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        c->out_length -= (size_t)sent;
        memmove(c->out, c->out + sent, c->out_length);
    }
    if (!c->out_length) watch(c, false);
}

/* ---- rooms ---- */

static void enter(struct client *c, int number) {
    if (number < 0 || number >= ROOMS || c->room >= 0) return;
    if (!rooms[number]) rooms[number] = checked(calloc(1, sizeof(struct room)));
    struct room *room = rooms[number];
    if (room->count == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 16;
        room->members =
            checked(realloc(room->members, (size_t)room->capacity * sizeof *room->members));
    }
    c->room = number;
    c->seat = room->count;
    room->members[room->count++] = c;
}

static void leave(struct client *c) {
    if (c->room < 0) return;
    struct room *room = rooms[c->room];
    struct client *last = room->members[--room->count];
    room->members[c->seat] = last;
    last->seat = c->seat;
    for (int i = 0; i < room->part_count; i++)
        if (room->parts[i].from == c) room->parts[i].from = NULL;
}

/* The sender of a message in the batch gets the ranges between its own messages. */
static void tell(struct room *room, struct client *c) {
    size_t at = 0;
    for (int i = 0; i < room->part_count; i++) {
        struct part *part = &room->parts[i];
        if (part->from == c) {
            put(c, room->batch + at, part->begin - at);
            at = part->end;
        }
    }
    put(c, room->batch + at, room->length - at);
}

static void flush_room(struct room *room) {
    for (int i = 0; i < room->count; i++) tell(room, room->members[i]);
    room->length = 0;
    room->part_count = 0;
}

static size_t framed(char *frame, const char *text, size_t length) {
    if (!websocket) {
        memcpy(frame, text, length);
        frame[length] = '\n';
        return length + 1;
    }
    size_t head = 0;
    frame[head++] = (char)0x81;
    if (length < 126) {
        frame[head++] = (char)length;
    } else {
        int bytes = length < 1 << 16 ? 2 : 8;
        frame[head++] = bytes == 2 ? 126 : 127;
        for (int i = bytes - 1; i >= 0; i--)
            frame[head++] = (char)((unsigned long long)length >> 8 * i);
    }
    memcpy(frame + head, text, length);
    return head + length;
}

static void say(struct client *c, const char *text, size_t length) {
    static char object[TEXT_BYTES + ENVELOPE_BYTES], frame[TEXT_BYTES + 2 * ENVELOPE_BYTES];
    if (c->room < 0 || length > TEXT_BYTES) return;
    struct room *room = rooms[c->room];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int written = snprintf(
        object, sizeof object,
        "{\"message\":\"%.*s\",\"room\":\"room%d\",\"from\":\"%032x\",\"context\":\"user\","
        "\"sentAt\":%lld}",
        (int)length, text, c->room, (unsigned)c->fd,
        (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    size_t n = framed(frame, object, (size_t)written);
    if (!room->batch) {
        room->batch = checked(malloc(BATCH_BYTES + sizeof frame));
        room->parts = checked(malloc(BATCH_MESSAGES * sizeof *room->parts));
    }
    if (room->length + n > BATCH_BYTES || room->part_count == BATCH_MESSAGES) flush_room(room);
    memcpy(room->batch + room->length, frame, n);
    room->parts[room->part_count++] =
        (struct part){.begin = room->length, .end = room->length + n, .from = c};
    if (!room->length) {
        bool listed = false;
        for (int i = 0; i < talking_count && !listed; i++) listed = talking[i] == c->room;
        if (!listed) talking[talking_count++] = c->room;
    }
    room->length += n;
    if (answers) {
        said++;
        written = snprintf(
            object, sizeof object,
            "{\"context\":\"response\",\"status\":\"OK\",\"epoch\":\"abcdefghi\",\"offset\":%ld,"
            "\"messageCount\":%ld}",
            said, said);
        put(c, frame, framed(frame, object, (size_t)written));
    }
}

/* ---- receiving ---- */

/* The text is a range of the input; other bytes follow it. */
static int number(const char *text, size_t length) {
    int value = 0;
    for (size_t i = 0; i < length && value < ROOMS; i++) value = value * 10 + (text[i] - '0');
    return value;
}

static void message(struct client *c, const char *text, size_t length) {
    if (length > 2 && text[0] == 'J') {
        char answer[16];
        enter(c, number(text + 2, length - 2));
        put(c, answer, framed(answer, "OK", 2));
    } else if (length > 2 && text[0] == 'S') say(c, text + 2, length - 2);
}

/* Each of these functions returns how many bytes of the input it has consumed. */

static size_t upgrade(struct client *c, char *in, size_t length) {
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char *end = memmem(in, length, "\r\n\r\n", 4);
    if (!end) return 0;
    put(c, answer, sizeof answer - 1);
    c->open = true;
    return (size_t)(end + 4 - in);
}

static size_t line(struct client *c, char *in, size_t length) {
    char *end = memchr(in, '\n', length);
    if (!end) return 0;
    size_t n = (size_t)(end - in);
    message(c, in, n > 0 && in[n - 1] == '\r' ? n - 1 : n);
    return n + 1;
}

static size_t frame(struct client *c, char *in, size_t length) {
    const unsigned char *bytes = (const unsigned char *)in;
    if (length < 6) return 0;
    size_t payload = bytes[1] & 127, head = 2;
    if (payload > 125) {
        size_t size_bytes = payload == 126 ? 2 : 8;
        if (length < head + size_bytes + 4) return 0;
        payload = 0;
        for (size_t i = 0; i < size_bytes; i++) payload = payload << 8 | bytes[head + i];
        head += size_bytes;
    }
    const char *key = in + head;
    char *text = in + head + 4;
    if (length < head + 4 + payload) return 0;
    for (size_t i = 0; i < payload; i++) text[i] ^= key[i & 3];
    if ((bytes[0] & 15) == 1) message(c, text, payload);
    return head + 4 + payload;
}

static void gone(struct client *c) {
    leave(c);
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c);
}

static void receive(struct client *c) {
    static char in[IN_BYTES + 1];
    if (c->in_length) memcpy(in, c->in, c->in_length);
    ssize_t got = recv(c->fd, in + c->in_length, IN_BYTES - c->in_length, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) gone(c);
        return;
    }
    size_t length = c->in_length + (size_t)got, at = 0;
    for (;;) {
        size_t done = !c->open   ? upgrade(c, in + at, length - at)
                      : websocket ? frame(c, in + at, length - at)
                                  : line(c, in + at, length - at);
        if (!done) break;
        at += done;
    }
    c->in_length = length - at;
    if (c->in_length) {
        c->in = checked(realloc(c->in, c->in_length));
        memcpy(c->in, in + at, c->in_length);
    } else {
        free(c->in);
        c->in = NULL;
    }
}

static void accept_all(int listener) {
    int on = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *c = checked(calloc(1, sizeof *c));
        c->fd = fd;
        c->room = -1;
        c->open = !websocket;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port) {
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0) die("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address)) die("bind");
    if (listen(listener, 4096)) die("listen");
    return listener;
}

int main(int count, char **words) {
    if (count != 3 && count != 4) {
        fprintf(stderr, "usage: bare PORT ws|tcp [answers]\n");
        return 2;
    }
    websocket = !strcmp(words[2], "ws");
    answers = count == 4;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int listener = listen_on(atoi(words[1]));
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if (!c) {
                accept_all(listener);
                continue;
            }
            if (events[i].events & EPOLLOUT && c->out_length) put_what_waits(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
        }
        for (int i = 0; i < talking_count; i++) flush_room(rooms[talking[i]]);
        talking_count = 0;
    }
}
