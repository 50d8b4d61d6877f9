/* WWW-Authenticate (RFC 9110 section 11.6.1) as registries send it, and the answer of token servers
 * (Docker Registry v2 "Token Authentication", RFC 6750). No state but the public suffix list, which is
 * loaded once; any thread may call. */
#ifndef UPSTREAMS_CHALLENGE_H
#define UPSTREAMS_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

#define CHALLENGE_MAX_BYTES 4096

/* Strings have no control characters, and are not empty. */
struct challenge {
    enum challenge_scheme scheme;
    /* Bearer: the URL of the token server, never NULL, to be checked by challenge_realm_allowed(). */
    char *realm;
    char *service; /* NULL: none */
    char *scope;   /* NULL: none */
    char *error;   /* "insufficient_scope", "invalid_token"; NULL: none */
};

/* Reads one header value, which may hold several challenges: the first Bearer with a realm is preferred to
 * the first Basic, other schemes are skipped. If a parameter is repeated, the first one wins. NULL,
 * malformed values and values over CHALLENGE_MAX_BYTES give CHALLENGE_NONE. */
void challenge_parse(const char *value, struct challenge *out);
#define CLEANUP_CHALLENGE __attribute__((cleanup(challenge_release)))
void challenge_release(struct challenge *challenge);

/* Appends the URL of the token request: the realm of a Bearer challenge, with its service and each word of
 * `scope` (NULL: of the scope in the challenge) as query parameters, percent-encoded. A query of the realm
 * itself is kept, a fragment is not. */
void challenge_token_url(const struct challenge *challenge, const char *scope, struct buf *out);

/* True when the token server at `realm` may be asked for this upstream: http or https, not http if the
 * upstream is https, no user name in the URL, and its host is that of the upstream, or of the same
 * registrable domain (public suffix list, private part included), or one of the hosts `allowed`. Numeric
 * addresses, in whatever notation, and single labels must be equal. Ports do not matter. */
bool challenge_realm_allowed(const char *realm, const char *upstream_url, const char *const *allowed,
                             size_t allowed_count);

#define TOKEN_MAX_BYTES (16 * 1024) /* of the complete answer */
#define TOKEN_LIFETIME_S 60         /* if the server does not say */
#define TOKEN_LIFETIME_MAX_S 86400

/* Reads the JSON of a token server: "token" or "access_token", "expires_in". The token is visible ASCII.
 * *lifetime_s is 1 to TOKEN_LIFETIME_MAX_S. Returns 0 with heap memory in *token; -1 with the end of a
 * sentence in `error` that repeats nothing of the answer. */
int challenge_read_token(const char *body, size_t len, char **token, int64_t *lifetime_s, struct buf *error);

#endif
