"""The demonstration accounts: one for each part that is played in the house."""

PASSWORD = "dazu-2026-demo"  # noqa: S105 - printed at every start of the demonstration

# The second factor of the three administrators of the demonstration, and of nobody else: public.
TOTP_SECRET = "DEMO4QIANSHOU4DAZU4DEMO4QIANSHOU"  # noqa: S105

ACCOUNTS = [
    ("zhang_min", "张敏", "officer", "longshui-centre", "town_seat", "龙水镇席位"),
    ("chen_gang", "陈刚", "officer", "longshui-centre", "police_seat", "龙水镇警务席位"),
    ("luo_jing", "罗静", "officer", "longshui-centre", "town_leader", "龙水镇负责人"),
    ("he_feng", "何峰", "officer", "longshui-station", "station_seat", "龙水派出所"),
    ("tang_li", "唐丽", "officer", "longshui-office", "office_seat", "龙水镇政府承办岗"),
    ("xie_bo", "谢波", "officer", "city", "office_seat", "区城市管理局"),
    ("jiang_yue", "蒋悦", "officer", "district-centre", "district_seat", "区级席位"),
    ("feng_yi", "冯毅", "officer", "district-centre", "district_seat", "区级席位：第二人核准"),
    ("lin_yue", "林悦", "officer", "justice", "cadre", "护蕾：帮扶干部"),
    ("jin_ke", "金科", "officer", "justice", "department", "护蕾：部门联络员"),
    ("deng_hong", "邓红", "officer", "longshui-office", "town_team", "护蕾：龙水镇专班"),
    ("tan_yong", "谭勇", "officer", "longshui-office", "care_office", "护蕾：龙水镇隐患整改"),
    ("fang_ting", "方婷", "officer", "v500111100001", "village_child", "护蕾：村儿童主任"),
    ("zhou_jie", "周洁", "officer", "commission", "lead_office", "护蕾：区领导小组办公室"),
    ("duan_rui", "段锐", "officer", "commission", "lead_duty", "护蕾：领导小组值班"),
    ("shen_lan", "沈兰", "officer", "procuratorate", "prosecutor", "护蕾：“莎姐”检察官"),
    ("yuan_bo", "袁波", "officer", "longshui-station", "station_care", "护蕾：派出所"),
    ("pan_qi", "潘琪", "officer", "civil", "civil_affairs", "护蕾：区民政局"),
    ("gu_wen", "顾文", "officer", "education", "education", "护蕾：区教委"),
    ("xu_min", "徐敏", "officer", "longshui-primary", "teacher", "护蕾：班主任"),
    ("hao_jian", "郝健", "officer", "party-office", "leader", "护蕾：市管领导"),
    ("sys_admin", "系统管理员", "system", "", "", "登记底册"),
    ("sec_admin", "安全管理员", "security", "", "", "人员与岗位"),
    ("audit_admin", "审计管理员", "audit", "", "", "台账核验"),
]
