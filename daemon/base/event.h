/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of events, as the journal knows them: each has its MESSAGE_ID, and an entry in the message catalog,
 * systemd/qsoak.catalog. Numbers may change, ids never.
 */
#ifndef QSOAK_BASE_EVENT_H
#define QSOAK_BASE_EVENT_H

enum event {
	EVENT_STARTED,
	EVENT_STOPPING,
	EVENT_CAMPAIGN_BEGUN,
	EVENT_CAMPAIGN_RESUMED,
	EVENT_CAMPAIGN_SUSPENDED,
	EVENT_CAMPAIGN_ENDED,
	EVENT_PAUSED,
	EVENT_UNPAUSED,
	EVENT_FAILURE,
	EVENT_HELD,
	EVENT_RELEASED,
	EVENT_STORE_SET_ASIDE,
	EVENT_COUNT,
};

/* MESSAGE_ID: 128 bits as 32 hexadecimal digits. */
const char *event_id(enum event event);

#endif
