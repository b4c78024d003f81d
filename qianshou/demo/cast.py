"""The demonstration accounts: one for each part that is played in the house."""

PASSWORD = "dazu-2026-demo"  # noqa: S105 - printed at every start of the demonstration

ACCOUNTS = [
    ("zhang_min", "张敏", "officer", "longshui-centre", "town_seat", "龙水镇席位"),
    ("chen_gang", "陈刚", "officer", "longshui-centre", "police_seat", "龙水镇警务席位"),
    ("luo_jing", "罗静", "officer", "longshui-centre", "town_leader", "龙水镇负责人"),
    ("he_feng", "何峰", "officer", "longshui-station", "station_seat", "龙水派出所"),
    ("tang_li", "唐丽", "officer", "longshui-office", "office_seat", "龙水镇政府承办岗"),
    ("xie_bo", "谢波", "officer", "city", "office_seat", "区城市管理局"),
    ("jiang_yue", "蒋悦", "officer", "district-centre", "district_seat", "区级席位"),
    ("sys_admin", "系统管理员", "system", "", "", "登记底册"),
    ("sec_admin", "安全管理员", "security", "", "", "人员与岗位"),
    ("audit_admin", "审计管理员", "audit", "", "", "台账核验"),
]
