/* Drops what memory holds about an entry that was removed from the store. */
#ifndef PROXY_CORE_FORGET_H
#define PROXY_CORE_FORGET_H

struct proxy;

/* Its remembered absence goes too. Answers under way keep their references. Any thread. */
void proxy_forget(struct proxy *proxy, const char *space, const char *key);

#endif
