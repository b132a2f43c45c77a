/* SPDX-License-Identifier: Apache-2.0
 * What the options of the Linux program choose. Negative, and errno: it cannot be had. */
#ifndef LINUX_H
#define LINUX_H

int linux_tcp(const char *address); /* port_linux.c */
int linux_pty(void);
int linux_count(const char *file); /* timer_linux.c */
int linux_store(const char *file); /* store_file.c */

#endif
