/* Addresses as IPv6, IPv4 mapped into it (RFC 4291 2.5.5.2), so that there is one comparison. */
#include "engine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const uint8_t ip[16])
{
    return memcmp(ip, MAPPED, sizeof MAPPED) == 0;
}

static bool ip_parse(uint8_t ip[16], const char *host)
{
    memcpy(ip, MAPPED, sizeof MAPPED);
    return inet_pton(AF_INET, host, ip + 12) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

bool endpoint_parse(struct endpoint *endpoint, const char *host, long port)
{
    if (port < 1 || port > 65535)
        return false;
    endpoint->port = (uint16_t)port;
    return ip_parse(endpoint->ip, host);
}

void endpoint_from_socket(struct endpoint *endpoint, const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;
        memcpy(endpoint->ip, &six->sin6_addr, 16);
        endpoint->port = ntohs(six->sin6_port);
    } else {
        const struct sockaddr_in *four = (const void *)address;
        memcpy(endpoint->ip, MAPPED, sizeof MAPPED);
        memcpy(endpoint->ip + 12, &four->sin_addr, 4);
        endpoint->port = ntohs(four->sin_port);
    }
}

/* Returns 0 when a socket of that family cannot send there. */
socklen_t endpoint_to_socket(const struct endpoint *endpoint, int family,
                             struct sockaddr_storage *address)
{
    if (family == AF_INET6) {
        struct sockaddr_in6 *six = (void *)address;
        memset(six, 0, sizeof *six);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(endpoint->port);
        memcpy(&six->sin6_addr, endpoint->ip, 16);
        return sizeof *six;
    }
    if (!is_mapped(endpoint->ip))
        return 0;
    struct sockaddr_in *four = (void *)address;
    memset(four, 0, sizeof *four);
    four->sin_family = AF_INET;
    four->sin_port = htons(endpoint->port);
    memcpy(&four->sin_addr, endpoint->ip + 12, 4);
    return sizeof *four;
}

bool endpoint_equal(const struct endpoint *one, const struct endpoint *other)
{
    return one->port == other->port && memcmp(one->ip, other->ip, 16) == 0;
}

/* A network in CIDR notation, or one address. */
bool network_parse(struct network *network, const char *text)
{
    char host[64];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = 0;
    if (!ip_parse(network->ip, host))
        return false;
    bool four = strchr(host, ':') == NULL;
    long bits = four ? 32 : 128;
    if (slash) {
        char *end;
        long given = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || given < 0 || given > bits)
            return false;
        bits = given;
    }
    network->prefix = (unsigned)bits + (four ? 96 : 0);
    return true;
}

bool network_holds(const struct network *network, const uint8_t ip[16])
{
    unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    if (memcmp(network->ip, ip, whole) != 0)
        return false;
    return rest == 0 || ((network->ip[whole] ^ ip[whole]) >> (8 - rest)) == 0;
}
