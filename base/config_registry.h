/* The registries of a configuration that has been read: which keys hold for which upstream, and whether that makes
 * sense. Used by config.c. */
#ifndef BASE_CONFIG_REGISTRY_H
#define BASE_CONFIG_REGISTRY_H

struct buf;
struct config;

/* Fills in registry_config.upstreams, and reads the files of passwords. Returns 0; -1 with a sentence in `error` and in
 * *section the name of the section that it is about, owned by the configuration. */
int config_registries_complete(struct config *config, const char **section, struct buf *error);

#endif
