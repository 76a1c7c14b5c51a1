"""Reports that are sent by themselves."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "reports": ("定时报告", "Scheduled reports"),
    "reports_why": (
        "每周或每月自动把上周、上月的话务分析发到邮箱，或推送到您的系统。",
        "Last week's or last month's analysis, sent by itself by mail or to your system.",
    ),
    "report_new": ("新增定时报告", "Schedule a report"),
    "report_none": ("还没有定时报告。", "No report is scheduled yet."),
    "report_full": (
        "定时报告已达上限，请先移除一个。",
        "There are as many as there may be: remove one first.",
    ),
    "rhythm": ("周期", "How often"),
    "rhythm_week": ("每周（周一发上周）", "weekly: last week, on Monday"),
    "rhythm_month": ("每月（1 日发上月）", "monthly: last month, on the 1st"),
    "every_week": ("每周", "weekly"),
    "every_month": ("每月", "monthly"),
    "report_hour": ("发送时间", "At"),
    "report_language": ("报告语言", "Language"),
    "report_mail": ("收件邮箱", "Mail addresses"),
    "report_mail_hint": (
        "每行一个，最多 {most} 个。正文为摘要与建议，附完整 HTML 与 XLSX。",
        "One a line, {most} at most. Figures and advice; HTML and XLSX are attached.",
    ),
    "report_webhook": ("Webhook 地址（可选）", "Webhook (optional)"),
    "report_secret": ("签名密钥", "Secret"),
    "report_secret_kept": ("留空则不变", "empty: stays as it is"),
    "report_secret_drawn": (
        "用这个密钥验证 Webhook 的签名；它只显示这一次：",
        "Check the webhook's signature with this secret. It is shown this once:",
    ),
    "report_whole": ("含完整主叫号码", "With callers' whole numbers"),
    "report_active": ("启用", "On"),
    "report_resting": ("已停用", "off"),
    "report_next": ("下次 {at}（{zone}）", "next {at} ({zone})"),
    "send_now": ("立即发送", "Send now"),
    "report_edit": ("修改", "Change"),
    "report_sent": (
        "正在生成并发送，结果见下方。",
        "It is being made and sent; see below.",
    ),
    "report_kept": ("已保存。", "Saved."),
    "report_history": ("发送记录", "What was sent"),
    "report_no_history": ("还没有发送过。", "Nothing was sent yet."),
    "period": ("报告期", "Period"),
    "report_by": ("由谁", "By"),
    "by_timetable": ("定时", "timetable"),
    "report_pending": ("生成中", "being made"),
    "report_made": ("已生成", "made"),
    "report_failed": ("未能生成", "not made"),
    "report_to": ("发往", "To"),
    "what_was_sent": ("内容", "What was sent"),
    "letter": ("邮件", "Letter"),
    "whole_report": ("完整报告", "Report"),
    "no_mail_server": (
        "本系统没有设置邮件服务器，邮件发不出去。请联系运营商，或改用 Webhook。",
        "No mail server is set, so no mail goes out. Ask the operator, or use a webhook.",
    ),
    "event_report": ("定时报告", "report"),
    "set up a report": ("设置定时报告", "set up a report"),
    "removed a report": ("移除定时报告", "removed a report"),
    "sent a report": ("立即发送报告", "sent a report"),
}
