#pragma once
/*
 * The result of every function that can refuse.
 *
 * The values are the guest ABI's negative error numbers (<xen/errno.h>), so that the hypercall
 * boundary converts nothing. Dropping a result is a compile error.
 */
enum [[nodiscard]] status {
	OK = 0,
	E_PERM = -1,
	E_NOENT = -2,
	E_SRCH = -3,
	E_INTR = -4,
	E_IO = -5,
	E_NXIO = -6,
	E_TOOBIG = -7,
	E_NOEXEC = -8,
	E_BADF = -9,
	E_AGAIN = -11,
	E_NOMEM = -12,
	E_ACCES = -13,
	E_FAULT = -14,
	E_BUSY = -16,
	E_EXIST = -17,
	E_XDEV = -18,
	E_NODEV = -19,
	E_INVAL = -22,
	E_NOSPC = -28,
	E_ROFS = -30,
	E_RANGE = -34,
	E_NOSYS = -38,
	E_NODATA = -61,
	E_TIME = -62,
	/* Never reaches a guest: the call is executed again from where it stopped. */
	E_RESTART = -85,
	E_OPNOTSUPP = -95,
	E_ADDRINUSE = -98,
	E_ADDRNOTAVAIL = -99,
	E_NOBUFS = -105,
	E_ISCONN = -106,
	E_NOTCONN = -107,
	E_TIMEDOUT = -110,
};
