/** Why the service has refused something, by the contract's codes: its own words are for programmers, and English. */

/** @satisfies {Record<string, [string, string]>} */
export const refusalWords = {
  "failure.refused": ["未成功：{why}", "Not done: {why}"],
  "failure.unreachable": ["未成功：网络不通，请再试一次。", "Not done: no connection. Try once more."],
  "failure.waiting": ["网络不通，正在重试。", "No connection. Trying again."],
  "why.unknown_alert": ["没有找到这次警报。", "This alert is not known."],
  "why.alert_ended": ["这次警报已经结束，请留在原地。", "This alert is over. Please stay where you are."],
  "why.already_accepted": ["您已经接受。不能去请按“我无法继续”。", "You have accepted. If you cannot come, tap “I cannot go on”."],
  "why.engaged_elsewhere": ["您正在执行另一个任务。", "You are on another task."],
  "why.stage_out_of_order": ["现在还不能报这一步。", "This step cannot be reported now."],
  "why.wrong_role": ["只有去取 AED 的人才能报已取到。", "Only who fetches an AED can have collected it."],
  "why.no_aed": ["您现在不是去取这台 AED。", "You are not on the way to this AED."],
  "why.aed_collected": ["AED 已在您手上，只能上报它坏了。", "You have this AED: only that it is broken can be reported."],
  "why.incident_ended": ["事件已经结束。", "The incident has ended."],
  "why.same_incident": ["不能并入它自己。", "An incident cannot be merged into itself."],
  "why.search_ended": ["那边已停止寻找救护员：请反过来合并，或先扩大范围。", "Nobody is looked for there any more: merge the other way round, or widen it first."],
  "why.merged": ["这次呼救已与另一个并为同一急救。", "This call is part of another one now."],
  "why.too_late": ["应答时间已过，不再唤醒任何人。", "The time to answer is over; nobody is woken for it."],
  "why.too_many_requests": ["请求太频繁，请稍等片刻再试。", "Too many requests. Wait a moment and try again."],
  "why.database_away": ["数据库暂不可用，请稍后再试。警报与应答不受影响。", "The database is away, try again in a moment. Alerts and answers go on."],
  "why.busy": ["系统正忙，请再试一次。", "The service is busy. Try once more."],
  "why.not_available": ["现在无法提供，请稍后再试。", "Not available now. Try again in a moment."],
  "why.forbidden": ["没有权限。", "You may not do this."],
  "why.not_found": ["已经不存在。", "It is not there any more."],
  "why.internal": ["服务出错，请再试一次。", "The service failed. Please try again."],
};
