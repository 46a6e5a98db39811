/* SPDX-License-Identifier: MIT */
/* Credentials that somebody has to be asked for, and new ones for those that have expired. */
#ifndef ZARRC_STORE_S3_ASK_H
#define ZARRC_STORE_S3_ASK_H

#include "store/s3_account.h"

/* Gets the credentials of an account from its source, and when they expire; nothing for ZARRC_S3_GIVEN and _FILES.
 * ZARRC_ACCESS: there are none; ZARRC_NETWORK: no answer came, or one that makes no
 * sense. The old credentials stay after a failure. No error has a word of a credential. */
zarrc_status zarrc_s3_ask(zarrc_s3_account *account, zarrc_error *error);

/* Gets new credentials in place of expired ones: asks, or reads the files again. *changed: they are others by now. */
zarrc_status zarrc_s3_renew(zarrc_s3_account *account, bool *changed, zarrc_error *error);

#endif
