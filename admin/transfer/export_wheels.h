/* Wheels and sdists out of a bundle. */
#ifndef ADMIN_TRANSFER_EXPORT_WHEELS_H
#define ADMIN_TRANSFER_EXPORT_WHEELS_H

struct export_work;

/* Writes the wheels and sdists of a bundle into a folder. Returns 0, or -1 with a sentence in work->error. */
int export_wheels_convert(struct export_work *work);

#endif
