/* SRTP and SRTCP (RFC 3711) by libsrtp: one cipher for each direction of a port.
 *
 * A cipher lives as long as its key: its rollover counter and its memory of replays go on
 * when a plan replaces another. It is touched under its port's mutex, and made and freed
 * outside of it by the one thread that arranges.
 */
#include "engine.h"

#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_128 = SRTP_AES_ICM_128_KEY_LEN_WSALT,
    KEY_256 = SRTP_AES_ICM_256_KEY_LEN_WSALT,
    REPLAY_WINDOW = 1024,
    MAX_SOURCES = 16, /* of one key; each costs memory as long as the key lives */
};
_Static_assert((int)KEY_256 == (int)MAX_KEY, "the longest key");
_Static_assert(SRTP_MAX_TRAILER_LEN <= (int)SEAL_ROOM, "what sealing adds");

struct cipher {
    struct secret secret;
    srtp_t context;
    uint32_t sources[MAX_SOURCES];
    int source_count;
};

bool secrecy_init(void)
{
    return srtp_init() == srtp_err_status_ok;
}

size_t suite_key_size(enum suite suite)
{
    switch (suite) {
    case AES_128_80:
    case AES_128_32:
        return KEY_128;
    case AES_256_80:
    case AES_256_32:
        return KEY_256;
    case NO_SUITE:
        break;
    }
    return 0;
}

/* SRTCP has the long tag whatever the suite (RFC 4568 6.2, RFC 6188 3). */
static void choose_suite(srtp_policy_t *policy, enum suite suite)
{
    bool longer = suite == AES_256_80 || suite == AES_256_32;
    bool shorter = suite == AES_128_32 || suite == AES_256_32;
    if (longer)
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
    else
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
    if (!shorter)
        policy->rtp = policy->rtcp;
    else if (longer)
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy->rtp);
    else
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy->rtp);
}

/* NULL if there is no memory, or libsrtp cannot do the suite. */
struct cipher *cipher_new(const struct secret *secret, bool outbound)
{
    struct cipher *cipher = calloc(1, sizeof *cipher);
    srtp_policy_t policy;
    if (!cipher)
        return NULL;
    memset(&policy, 0, sizeof policy);
    cipher->secret = *secret;
    choose_suite(&policy, secret->suite);
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = cipher->secret.key;
    policy.window_size = REPLAY_WINDOW;
    if (srtp_create(&cipher->context, &policy) == srtp_err_status_ok)
        return cipher;
    explicit_bzero(cipher, sizeof *cipher);
    free(cipher);
    return NULL;
}

void cipher_free(struct cipher *cipher)
{
    if (!cipher)
        return;
    srtp_dealloc(cipher->context);
    explicit_bzero(cipher, sizeof *cipher);
    free(cipher);
}

bool cipher_fits(const struct cipher *cipher, const struct secret *secret)
{
    if (!cipher)
        return secret->suite == NO_SUITE;
    return cipher->secret.suite == secret->suite &&
           memcmp(cipher->secret.key, secret->key, sizeof secret->key) == 0;
}

/* Seals in place; data has SEAL_ROOM beyond its size. The new size, or 0 if it may not be
 * sent, as one with its numbers was. */
size_t cipher_seal(struct cipher *cipher, uint8_t *data, size_t size, bool rtcp)
{
    int length = (int)size;
    srtp_err_status_t status = rtcp ? srtp_protect_rtcp(cipher->context, data, &length)
                                    : srtp_protect(cipher->context, data, &length);
    return status == srtp_err_status_ok ? (size_t)length : 0;
}

static bool is_known(const struct cipher *cipher, uint32_t source)
{
    for (int i = 0; i < cipher->source_count; i++)
        if (cipher->sources[i] == source)
            return true;
    return false;
}

/* Opens in place. The new size, or 0 if it is not authentic, was here before, or is of one
 * source too many. */
size_t cipher_open(struct cipher *cipher, uint8_t *data, size_t size, bool rtcp)
{
    size_t least = rtcp ? 8 : HEADER;
    if (size < least)
        return 0;
    uint32_t source = load32(data + (rtcp ? 4 : 8));
    bool known = is_known(cipher, source);
    if (!known && cipher->source_count == MAX_SOURCES)
        return 0;
    int length = (int)size;
    srtp_err_status_t status = rtcp ? srtp_unprotect_rtcp(cipher->context, data, &length)
                                    : srtp_unprotect(cipher->context, data, &length);
    if (status != srtp_err_status_ok || length < 0)
        return 0;
    if (!known)
        cipher->sources[cipher->source_count++] = source;
    return (size_t)length;
}
