/* Which files of Python packages the lists mean. */
#ifndef ADMIN_PREFETCH_PACKAGES_H
#define ADMIN_PREFETCH_PACKAGES_H

struct prefetch;

/* Adds them to the run's items, for each target. Failures are reported. */
void prefetch_plan_packages(struct prefetch *prefetch);

#endif
