/* Letting go of what memory has of an entry that was removed from the store. */
#ifndef PROXY_CORE_FORGET_H
#define PROXY_CORE_FORGET_H

struct proxy;

/* Also that it was found to be nowhere. Answers under way keep what they have. Any thread. */
void proxy_forget(struct proxy *proxy, const char *space, const char *key);

#endif
