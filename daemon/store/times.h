/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQL: times of a campaign that follow from its rows. */
#ifndef QSOAK_STORE_TIMES_H
#define QSOAK_STORE_TIMES_H

/* How long its gaps were that have ended; id: of the campaign. */
#define TIMES_GAP_NS(id)                                                    \
	"(SELECT coalesce(sum(ended_unix_ns - began_unix_ns), 0) FROM gap " \
	"WHERE campaign_id = " id " AND ended_unix_ns NOT NULL)"

/* The last one of which it has a row; c: the table campaign. */
#define TIMES_LAST(c)                                                                       \
	"max(" c ".began_unix_ns,"                                                          \
	" coalesce((SELECT max(began_unix_ns + coalesce(duration_ns, 0)) FROM operation"    \
	"  WHERE campaign_id = " c ".id), 0),"                                              \
	" coalesce((SELECT max(max(began_unix_ns, coalesce(ended_unix_ns, 0))) FROM run"    \
	"  WHERE campaign_id = " c ".id), 0),"                                              \
	" coalesce((SELECT max(at_unix_ns) FROM failure WHERE campaign_id = " c ".id), 0)," \
	" coalesce((SELECT max(max(began_unix_ns, coalesce(ended_unix_ns, 0))) FROM gap"    \
	"  WHERE campaign_id = " c ".id), 0))"

#endif
