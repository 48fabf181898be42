// Three customer sources over HTTP/1.1 in one thread with epoll: cheap enough that they never limit what is measured.
//
//   GET /crm/customers?ids=1,2,3                 an array of records; names may repeat: ids=1&ids=2
//   GET /crm/customers/1                         one record
//   GET /billing/accounts?customer_ids=...       likewise; so are /support/tickets and the wide records of /crm/wide?ids=
//   ...&fields=id,email                          these top-level fields alone, in the source's own order
//
// and for whoever measures:
//
//   GET /__set?latency_ms=20&batching=0&down=billing&how=error       what holds from now on; how is error (503) or close
//   GET /__reset   GET /__stats                  counts of calls, bytes, keys, connections and different credentials
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SOCKETS = 65536, MOST_INPUT = 16384, MOST_BODY = 1 << 22, MOST_RECORD = 8192, MOST_FIELDS = 208 };
enum { WIDE_FIELDS = 200, MOST_CREDENTIALS = 64, MOST_CREDENTIAL = 128 };

typedef struct {
    char in[MOST_INPUT];
    int in_length;
    unsigned generation;  // tells a delayed answer that its connection is another one by now
    char *out;
    size_t out_length, out_sent;
    bool is_open;
} Connection;

typedef struct {
    double due;
    int socket;
    unsigned generation;
    char *answer;
    size_t length;
} Delayed;

// --- records ---------------------------------------------------------------------------------------------------------

typedef struct {
    const char *path, *owner;
    int source;  // 0 crm, 1 billing, 2 support: what counts and what is down
    int fields;
    const char *const *names;
    char *(*value)(char *to, int field, long id);
} Resource;

static const char *const SOURCES[] = {"crm", "billing", "support"};
static const char *const CRM_FIELDS[] = {"id",       "firstName", "lastName", "email",   "phone",
                                         "birthDate", "street",   "city",     "postcode", "country",
                                         "segment",  "status",    "marketingOptIn", "createdAt", "notes"};
static const char *const BILLING_FIELDS[] = {"customerId", "accountNumber", "balance", "currency", "status", "invoices"};
static const char *const SUPPORT_FIELDS[] = {"customerId", "tickets"};
static const char *WIDE_NAMES[WIDE_FIELDS + 1];

static char *text(char *to, const char *value) {
    *to++ = '"';
    to = stpcpy(to, value);
    *to++ = '"';
    return to;
}

static char *crm_value(char *to, int field, long id) {
    static const char *const SEGMENTS[] = {"retail", "premium", "business", "student"};
    static const char *const STATUSES[] = {"active", "dormant", "closed"};
    switch (field) {
    case 0: return to + sprintf(to, "%ld", id);
    case 1: return to + sprintf(to, "\"First%ld\"", id);
    case 2: return to + sprintf(to, "\"Lastname-%ld\"", id);
    case 3: return to + sprintf(to, "\"customer%ld@example.test\"", id);
    case 4: return to + sprintf(to, "\"+44-20-7946-%04ld\"", id % 10000);
    case 5: return to + sprintf(to, "\"19%02ld-%02ld-%02ld\"", 40 + id % 60, 1 + id % 12, 1 + id % 28);
    case 6: return to + sprintf(to, "\"%ld High Street, Flat %ld\"", 1 + id % 200, 1 + id % 40);
    case 7: return text(to, "Springfield");
    case 8: return to + sprintf(to, "\"SP%ld %ldAB\"", 1 + id % 20, 1 + id % 9);
    case 9: return text(to, "GB");
    case 10: return text(to, SEGMENTS[id % 4]);
    case 11: return text(to, STATUSES[id % 3]);
    case 12: return stpcpy(to, id % 2 ? "true" : "false");
    case 13: return to + sprintf(to, "\"2019-%02ld-%02ldT09:30:00Z\"", 1 + id % 12, 1 + id % 28);
    default:
        to = stpcpy(to, "\"Prefers contact by email in the morning; account opened at the branch; speaks English and French; "
                        "loyalty programme tier ");
        *to++ = '1' + id % 5;
        return stpcpy(to, " since 2021; no open complaints on file for this customer.\"");
    }
}

static char *billing_value(char *to, int field, long id) {
    switch (field) {
    case 0: return to + sprintf(to, "%ld", id);
    case 1: return to + sprintf(to, "\"AC-%08ld\"", id);
    case 2: return to + sprintf(to, "%ld.%02ld", id % 5000, id % 100);
    case 3: return text(to, "GBP");
    case 4: return text(to, id % 7 ? "current" : "overdue");
    default:
        *to++ = '[';
        for (int one = 0; one < 3; one++)
            to += sprintf(to, "%s{\"id\":\"INV-%ld-%d\",\"amount\":%ld.50,\"dueDate\":\"2026-%02d-15\",\"paid\":%s}",
                          one ? "," : "", id, one + 1, 10 + (id + one) % 90, one + 1, one ? "true" : "false");
        *to++ = ']';
        return to;
    }
}

static char *support_value(char *to, int field, long id) {
    if (field == 0) return to + sprintf(to, "%ld", id);
    *to++ = '[';
    for (int one = 0; one < 5; one++)
        to += sprintf(to,
                      "%s{\"id\":\"T-%ld-%d\",\"subject\":\"Question about order %ld-%d\",\"status\":\"%s\","
                      "\"priority\":\"%s\",\"channel\":\"%s\",\"createdAt\":\"2026-%02d-0%dT08:00:00Z\"}",
                      one ? "," : "", id, one + 1, id, one, one ? "closed" : "open", one % 2 ? "low" : "high",
                      one % 3 ? "email" : "phone", one + 1, one + 1);
    *to++ = ']';
    return to;
}

static char *wide_value(char *to, int field, long id) {
    return field ? to + sprintf(to, "\"value %d of %ld\"", field, id) : to + sprintf(to, "%ld", id);
}

static const Resource RESOURCES[] = {
    {"/crm/customers", "ids", 0, 15, CRM_FIELDS, crm_value},
    {"/billing/accounts", "customer_ids", 1, 6, BILLING_FIELDS, billing_value},
    {"/support/tickets", "customer_ids", 2, 2, SUPPORT_FIELDS, support_value},
    {"/crm/wide", "ids", 0, WIDE_FIELDS + 1, WIDE_NAMES, wide_value},
};
enum { RESOURCE_COUNT = sizeof RESOURCES / sizeof *RESOURCES };

static char *write_record(char *to, const Resource *of, const bool *wanted, long id) {
    bool is_first = true;
    *to++ = '{';
    for (int field = 0; field < of->fields; field++) {
        if (!wanted[field]) continue;
        if (!is_first) *to++ = ',';
        *to++ = '"';
        to = stpcpy(to, of->names[field]);
        *to++ = '"';
        *to++ = ':';
        to = of->value(to, field, id);
        is_first = false;
    }
    *to++ = '}';
    return to;
}

// --- what holds, and what has been counted ---------------------------------------------------------------------------

static struct {
    double latency_ms;
    bool is_batching, closes;
    int down;
} now_holds = {0, true, false, -1};

static struct {
    unsigned long long calls, bytes, by_source[3], batches, keys, connections;
    char credentials[MOST_CREDENTIALS][MOST_CREDENTIAL];
    int credential_count;
} counted;

static void count_credential(const char *headers) {
    const char *found = strcasestr(headers, "\r\nauthorization:");
    if (!found) return;
    found += strlen("\r\nauthorization:");
    found += strspn(found, " ");
    size_t length = strcspn(found, "\r");
    if (length >= MOST_CREDENTIAL || counted.credential_count == MOST_CREDENTIALS) return;
    for (int one = 0; one < counted.credential_count; one++)
        if (strlen(counted.credentials[one]) == length && !memcmp(counted.credentials[one], found, length)) return;
    memcpy(counted.credentials[counted.credential_count], found, length);
    counted.credentials[counted.credential_count++][length] = 0;
}

// --- connections -----------------------------------------------------------------------------------------------------

static Connection *connections[MOST_SOCKETS];
static Delayed *queue;
static size_t queue_head, queue_tail;
enum { QUEUE = 1 << 16 };
static int epoll;
static char body[MOST_BODY];

static double milliseconds(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static void want_events(int socket, bool to_write) {
    struct epoll_event event = {.events = EPOLLIN | (to_write ? EPOLLOUT : 0), .data.fd = socket};
    epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
}

static void close_connection(int socket) {
    Connection *one = connections[socket];
    if (!one || !one->is_open) return;
    one->is_open = false;
    one->generation++;
    one->in_length = 0;
    free(one->out);
    one->out = NULL;
    one->out_length = one->out_sent = 0;
    close(socket);
}

static void flush_connection(int socket) {
    Connection *one = connections[socket];
    while (one->out_sent < one->out_length) {
        ssize_t written = write(socket, one->out + one->out_sent, one->out_length - one->out_sent);
        if (written < 0) {
            if (errno == EAGAIN) want_events(socket, true);
            else close_connection(socket);
            return;
        }
        one->out_sent += written;
    }
    free(one->out);
    one->out = NULL;
    one->out_length = one->out_sent = 0;
    want_events(socket, false);
}

static void send_bytes(int socket, const char *bytes, size_t length) {
    Connection *one = connections[socket];
    if (one->out) {
        one->out = realloc(one->out, one->out_length + length);
        memcpy(one->out + one->out_length, bytes, length);
        one->out_length += length;
        flush_connection(socket);
        return;
    }
    ssize_t written = write(socket, bytes, length);
    if (written == (ssize_t)length) return;
    if (written < 0) {
        if (errno != EAGAIN) {
            close_connection(socket);
            return;
        }
        written = 0;
    }
    one->out = malloc(length - written);
    memcpy(one->out, bytes + written, length - written);
    one->out_length = length - written;
    one->out_sent = 0;
    want_events(socket, true);
}

static void reply(int socket, int status, size_t length, bool is_a_source) {
    const char *reason = status == 200 ? "OK" : status == 404 ? "Not Found" : "Service Unavailable";
    char *answer = malloc(length + 256);
    int head = sprintf(answer, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
                       reason, length);
    memcpy(answer + head, body, length);
    length += head;
    if (is_a_source) counted.bytes += length;
    if (!is_a_source || now_holds.latency_ms <= 0) {
        send_bytes(socket, answer, length);
        free(answer);
        return;
    }
    if (queue_tail - queue_head == QUEUE) {
        fprintf(stderr, "more than %d answers wait\n", QUEUE);
        exit(1);
    }
    queue[queue_tail++ % QUEUE] = (Delayed){milliseconds() + now_holds.latency_ms, socket,
                                            connections[socket]->generation, answer, length};
}

static void reply_text(int socket, int status, const char *text) {
    reply(socket, status, sprintf(body, "%s", text), false);
}

// --- requests --------------------------------------------------------------------------------------------------------

// The value of a parameter, up to & or the end; NULL when it is not there. `from` is the query or where one ended.
static const char *parameter(const char *from, const char *name) {
    size_t length = strlen(name);
    while (from && *from) {
        if (!strncmp(from, name, length) && from[length] == '=') return from + length + 1;
        from = strchr(from, '&');
        if (from) from++;
    }
    return NULL;
}

static void read_fields(const Resource *of, const char *query, bool *wanted) {
    const char *listed = parameter(query, "fields");
    memset(wanted, !listed, MOST_FIELDS * sizeof *wanted);
    while (listed && *listed && *listed != '&') {
        size_t length = strcspn(listed, ",&%");
        for (int field = 0; field < of->fields; field++)
            if (strlen(of->names[field]) == length && !memcmp(of->names[field], listed, length)) wanted[field] = true;
        listed += length;
        if (*listed == ',') listed++;
        else if (*listed == '%') listed += strnlen(listed, 3);  // %2C
    }
}

static size_t write_batch(const Resource *of, const char *query, const bool *wanted) {
    char *to = body;
    *to++ = '[';
    const char *ids = parameter(query, of->owner);
    while (ids) {
        while (*ids && *ids != '&') {
            if (*ids >= '0' && *ids <= '9') {
                char *behind;
                long id = strtol(ids, &behind, 10);
                if (to - body > MOST_BODY - MOST_RECORD) break;
                if (to[-1] == '}') *to++ = ',';
                to = write_record(to, of, wanted, id);
                counted.keys++;
                ids = behind;
            } else
                ids += *ids == '%' ? strnlen(ids, 3) : 1;
        }
        ids = *ids == '&' ? parameter(ids + 1, of->owner) : NULL;
    }
    *to++ = ']';
    return to - body;
}

static void answer_source(int socket, const Resource *of, const char *rest, const char *headers) {
    bool wanted[MOST_FIELDS];
    const char *query = strchr(rest, '?');
    counted.calls++;
    counted.by_source[of->source]++;
    count_credential(headers);
    if (now_holds.down == of->source) {
        if (now_holds.closes) close_connection(socket);
        else reply(socket, 503, sprintf(body, "{\"error\":\"down\"}"), true);
        return;
    }
    read_fields(of, query ? query + 1 : NULL, wanted);
    if (*rest == '/') {
        counted.keys++;
        reply(socket, 200, write_record(body, of, wanted, atol(rest + 1)) - body, true);
    } else if (now_holds.is_batching) {
        counted.batches++;
        reply(socket, 200, write_batch(of, query ? query + 1 : NULL, wanted), true);
    } else
        reply(socket, 404, sprintf(body, "{\"error\":\"one customer a call\"}"), true);
}

static void change_settings(const char *query) {
    const char *latency = parameter(query, "latency_ms"), *batching = parameter(query, "batching");
    const char *down = parameter(query, "down"), *how = parameter(query, "how");
    if (latency) now_holds.latency_ms = atof(latency);
    if (batching) now_holds.is_batching = *batching != '0';
    if (how) now_holds.closes = !strncmp(how, "close", 5);
    if (!down) return;
    now_holds.down = -1;
    for (int source = 0; source < 3; source++)
        if (!strncmp(down, SOURCES[source], strlen(SOURCES[source]))) now_holds.down = source;
}

static void answer(int socket, const char *path, const char *headers) {
    for (int one = 0; one < RESOURCE_COUNT; one++) {
        size_t length = strlen(RESOURCES[one].path);
        if (strncmp(path, RESOURCES[one].path, length)) continue;
        answer_source(socket, &RESOURCES[one], path + length, headers);
        return;
    }
    if (!strncmp(path, "/__set?", 7)) {
        change_settings(path + 7);
        reply_text(socket, 200, "{}");
    } else if (!strcmp(path, "/__reset")) {
        memset(&counted, 0, sizeof counted);
        reply_text(socket, 200, "{}");
    } else if (!strcmp(path, "/__stats")) {
        int length = sprintf(body,
                             "{\"calls\":%llu,\"bytes\":%llu,\"crm\":%llu,\"billing\":%llu,\"support\":%llu,"
                             "\"batches\":%llu,\"keys\":%llu,\"connections\":%llu,\"credentials\":%d}",
                             counted.calls, counted.bytes, counted.by_source[0], counted.by_source[1],
                             counted.by_source[2], counted.batches, counted.keys, counted.connections,
                             counted.credential_count);
        reply(socket, 200, length, false);
    } else
        reply_text(socket, 404, "{\"error\":\"not found\"}");
}

static void read_requests(int socket) {
    Connection *one = connections[socket];
    int offset = 0;
    while (one->is_open) {
        char *start = one->in + offset;
        one->in[one->in_length] = 0;
        char *end = strstr(start, "\r\n\r\n");
        if (!end) break;
        *end = 0;
        char *path = strchr(start, ' ');
        char *behind = path ? strchr(path + 1, ' ') : NULL;
        if (!behind) {
            close_connection(socket);
            return;
        }
        *behind = 0;
        answer(socket, path + 1, behind + 1);
        offset = end + 4 - one->in;
    }
    if (!one->is_open) return;
    memmove(one->in, one->in + offset, one->in_length - offset);
    one->in_length -= offset;
    if (one->in_length >= MOST_INPUT - 1) close_connection(socket);
}

static void accept_all(int listening) {
    const int yes = 1;
    int socket;
    while ((socket = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (socket >= MOST_SOCKETS) {
            close(socket);
            continue;
        }
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (!connections[socket]) connections[socket] = calloc(1, sizeof(Connection));
        connections[socket]->is_open = true;
        counted.connections++;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    }
}

static void serve_connection(int socket, uint32_t events) {
    Connection *one = connections[socket];
    if (!one->is_open) return;
    if (events & EPOLLOUT) flush_connection(socket);
    if (!one->is_open || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t got = read(socket, one->in + one->in_length, MOST_INPUT - 1 - one->in_length);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        close_connection(socket);
        return;
    }
    if (got < 0) return;
    one->in_length += got;
    read_requests(socket);
}

static void send_due(void) {
    double at = milliseconds();
    while (queue_head < queue_tail && queue[queue_head % QUEUE].due <= at) {
        Delayed *one = &queue[queue_head++ % QUEUE];
        Connection *to = connections[one->socket];
        if (to->is_open && to->generation == one->generation) send_bytes(one->socket, one->answer, one->length);
        free(one->answer);
    }
}

static int listen_on(int port) {
    const int yes = 1;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listening, (void *)&address, sizeof address) || listen(listening, 4096)) {
        perror("cannot listen");
        exit(1);
    }
    return listening;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: sources PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    WIDE_NAMES[0] = "id";
    for (int field = 1; field <= WIDE_FIELDS; field++) {
        char *name = malloc(8);
        sprintf(name, "f%d", field);
        WIDE_NAMES[field] = name;
    }
    queue = calloc(QUEUE, sizeof *queue);
    int listening = listen_on(atoi(arguments[1]));
    epoll = epoll_create1(0);
    struct epoll_event first = {.events = EPOLLIN, .data.fd = listening}, events[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &first);
    for (;;) {
        struct timespec wait, *bound = NULL;
        if (queue_head < queue_tail) {
            double left = queue[queue_head % QUEUE].due - milliseconds();
            if (left < 0) left = 0;
            wait.tv_sec = left / 1000;
            wait.tv_nsec = (left - wait.tv_sec * 1000.0) * 1e6;
            bound = &wait;
        }
        int ready = epoll_pwait2(epoll, events, 512, bound, NULL);
        for (int one = 0; one < ready; one++) {
            if (events[one].data.fd == listening) accept_all(listening);
            else serve_connection(events[one].data.fd, events[one].events);
        }
        send_due();
    }
}
